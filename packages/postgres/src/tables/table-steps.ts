import { type TableNames, constraintNames, quoted } from './table-names.ts';

/** A change of the tables. Code of the versions before goes on working beside it, for rolling deployments. */
export interface TableStep {
  readonly version: number;
  /** The oldest version whose code can work with the tables after this step. */
  readonly leastReader: number;
  readonly statements: (names: TableNames) => readonly string[];
}

/** In order, from version 1; a published step never changes. */
export const tableSteps: readonly TableStep[] = [
  { version: 1, leastReader: 1, statements: firstTables },
];

// The outbox and the lanes are as small as what is under way, but for outages, and change all the time.
const busyTable =
  'WITH (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000)';

function firstTables(names: TableNames): readonly string[] {
  const name = (text: string): string => quoted(names.named(text));
  // Compared byte by byte: quicker, and no index breaks when a new libc sorts otherwise.
  const id = 'text COLLATE "C"';
  return [
    `CREATE TABLE IF NOT EXISTS ${names.meta} (
  schema_version integer NOT NULL,
  least_reader integer NOT NULL
)`,
    `CREATE TABLE IF NOT EXISTS ${names.handled} (
  endpoint ${id} NOT NULL,
  message_id ${id} NOT NULL,
  outbox_id uuid,
  handled_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT ${name(constraintNames.handled)} PRIMARY KEY (endpoint, message_id)
)`,
    `CREATE INDEX IF NOT EXISTS ${name('handled_age')} ON ${names.handled} (endpoint, handled_at)`,
    `CREATE TABLE IF NOT EXISTS ${names.outbox} (
  id uuid NOT NULL,
  endpoint ${id} NOT NULL,
  operations text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  claimable_at timestamptz,
  attempts integer NOT NULL DEFAULT 0,
  CONSTRAINT ${name('outbox_pkey')} PRIMARY KEY (id)
) ${busyTable}`,
    // Of what is dispatched at once nothing is ever in this index.
    `CREATE INDEX IF NOT EXISTS ${name('outbox_claimable')} ON ${names.outbox} (endpoint, claimable_at)
  WHERE claimable_at IS NOT NULL`,
    `CREATE TABLE IF NOT EXISTS ${names.lanes} (
  seq bigint GENERATED ALWAYS AS IDENTITY,
  endpoint ${id} NOT NULL,
  key ${id} NOT NULL,
  operation text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  claim text,
  claimed_until timestamptz,
  CONSTRAINT ${name('lanes_pkey')} PRIMARY KEY (seq)
) ${busyTable}`,
    `CREATE INDEX IF NOT EXISTS ${name('lanes_key')} ON ${names.lanes} (endpoint, key, seq)`,
    `CREATE TABLE IF NOT EXISTS ${names.sagas} (
  type ${id} NOT NULL,
  id ${id} NOT NULL,
  correlation ${id},
  version integer NOT NULL,
  state text NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT ${name(constraintNames.sagas)} PRIMARY KEY (type, id),
  CONSTRAINT ${name(constraintNames.correlations)} UNIQUE (type, correlation)
)`,
  ];
}
