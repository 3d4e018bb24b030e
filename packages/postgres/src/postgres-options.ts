import { BusbarError, type Duration, toMilliseconds } from '@busbar/core';

/** Options of the persistence on PostgreSQL, whatever the data layer. */
export interface PostgresOptions {
  /**
   * The schema of the tables. It is named in every statement, so the search path does not matter.
   *
   * @default 'public'
   */
  readonly schema?: string;
  /**
   * The first part of the names of the tables, indexes and constraints. All endpoints of a database may share the tables.
   *
   * @default 'busbar_'
   */
  readonly prefix?: string;
  /**
   * `make` makes the tables at start, or brings those of an older version up to date; several instances may start at the
   * same time. `check` only looks for them: for users of the database that may not make tables, see `postgresTables` and
   * `postgresGrants`.
   *
   * @default 'make'
   */
  readonly tables?: 'make' | 'check';
  /**
   * For how long a handled message is remembered, and its duplicates recognised. Raise it where messages can come again
   * later than that, say out of an error queue.
   *
   * @default '7d'
   */
  readonly keepDeduplication?: Duration;
}

/** The options with all defaults. */
export interface PostgresSettings {
  readonly schema: string;
  readonly prefix: string;
  readonly tables: 'make' | 'check';
  readonly keepDeduplicationMs: number;
}

const optionNames: readonly string[] = [
  'schema',
  'prefix',
  'tables',
  'keepDeduplication',
] satisfies (keyof PostgresOptions)[];

/** PostgreSQL cuts longer names without a word, and two of them would meet. */
const longestName = 63;

/** Room for the longest of our names behind it. */
const longestPrefix = 40;

/**
 * Fills in the defaults.
 *
 * @throws BusbarError UNKNOWN_OPTION, INVALID_CONFIGURATION, INVALID_DURATION
 */
export function checkOptions(options: PostgresOptions): PostgresSettings {
  for (const name of Object.keys(options)) {
    if (optionNames.includes(name)) continue;
    throw new BusbarError('UNKNOWN_OPTION', `The PostgreSQL persistence has no option "${name}".`, {
      help: `The options are ${optionNames.join(', ')}.`,
      details: { option: name },
    });
  }
  const { schema = 'public', prefix = 'busbar_', tables = 'make' } = options;
  checkName('schema', schema, 1, longestName);
  checkName('prefix', prefix, 0, longestPrefix);
  if (tables !== 'make' && tables !== 'check') throw invalid('tables', tables, "'make' or 'check'");
  const keepDeduplicationMs = toMilliseconds(
    options.keepDeduplication ?? '7d',
    'keepDeduplication',
  );
  return Object.freeze({ schema, prefix, tables, keepDeduplicationMs });
}

/** Checks a name of a schema, a prefix or a role. */
export function checkName(option: string, name: unknown, least: number, most: number): void {
  if (typeof name === 'string' && !name.includes('\0')) {
    const bytes = Buffer.byteLength(name);
    if (bytes >= least && bytes <= most) return;
  }
  throw invalid(option, name, `a text of ${least} to ${most} bytes without null characters`);
}

function invalid(option: string, value: unknown, wanted: string): BusbarError {
  return new BusbarError(
    'INVALID_CONFIGURATION',
    `The option "${option}" of the PostgreSQL persistence is ${JSON.stringify(value)}, but must be ${wanted}.`,
    { details: { option, value } },
  );
}
