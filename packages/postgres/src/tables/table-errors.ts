import { BusbarError } from '@busbar/core';
import type { PostgresSettings } from '../postgres-options.ts';
import { sqlErrorOf } from '../sql-error.ts';

const missingCodes = new Set(['42P01', '3F000', '42703']);
const refusedCode = '42501';

/**
 * What a statement on our tables failed of, where the tables or the rights to them are missing; else undefined. Another
 * table of the user's, which a handler missed, is not ours to explain.
 */
export function tableError(error: unknown, settings: PostgresSettings): BusbarError | undefined {
  const sql = sqlErrorOf(error);
  if (sql === undefined) return undefined;
  if (missingCodes.has(sql.code)) return missingTable(settings, sql.message, error);
  if (sql.code === refusedCode) return missingRights(settings, sql.message, error);
  return undefined;
}

export function missingTable(
  settings: PostgresSettings,
  what: string,
  cause?: unknown,
): BusbarError {
  const { schema, prefix } = settings;
  return new BusbarError(
    'MISSING_TABLE',
    `The tables of the PostgreSQL persistence, "${schema}"."${prefix}…", cannot be used: ${what}.`,
    {
      help: `Run the SQL that \`${printing('postgresTables', settings)}\` prints, or let the persistence make its tables at start with \`tables: 'make'\`.`,
      details: { schema, prefix },
      ...(cause !== undefined && { cause }),
    },
  );
}

function missingRights(settings: PostgresSettings, what: string, cause: unknown): BusbarError {
  const { schema, prefix } = settings;
  const making =
    settings.tables === 'make'
      ? ` To make tables at start it needs \`GRANT USAGE, CREATE ON SCHEMA "${schema}"\`, and \`GRANT CREATE ON DATABASE\` where the schema does not exist.`
      : '';
  return new BusbarError(
    'MISSING_TABLE',
    `The user of the database has too few rights on "${schema}"."${prefix}…": ${what}.`,
    {
      help: `Run the SQL that \`${printing('postgresGrants', settings, "role: 'ROLE'")}\` prints, as the owner of the tables.${making}`,
      details: { schema, prefix },
      cause,
    },
  );
}

function printing(
  name: string,
  { schema, prefix }: PostgresSettings,
  ...others: readonly string[]
): string {
  const options = [`schema: '${schema}'`, `prefix: '${prefix}'`, ...others].join(', ');
  return `node -e "import('@busbar/postgres').then((m) => console.log(m.${name}({ ${options} })))"`;
}
