/** The tables of one persistence, quoted and with their schema. */
export interface TableNames {
  readonly schema: string;
  readonly meta: string;
  readonly handled: string;
  readonly outbox: string;
  readonly lanes: string;
  readonly sagas: string;
  /** A name of an index or a constraint, unquoted. */
  readonly named: (name: string) => string;
}

/** The names of constraints by which a violation is recognised. */
export const constraintNames = {
  handled: 'handled_pkey',
  sagas: 'sagas_pkey',
  correlations: 'sagas_correlation_key',
} as const;

export function tableNames({ schema, prefix }: { schema: string; prefix: string }): TableNames {
  const table = (name: string): string => `${quoted(schema)}.${quoted(prefix + name)}`;
  return {
    schema: quoted(schema),
    meta: table('meta'),
    handled: table('handled'),
    outbox: table('outbox'),
    lanes: table('lanes'),
    sagas: table('sagas'),
    named: (name) => prefix + name,
  };
}

/** As an identifier in SQL, whatever it holds. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
