import { checkName, checkOptions, type PostgresOptions } from '../postgres-options.ts';
import { quoted, tableNames } from './table-names.ts';
import { tableSteps } from './table-steps.ts';

/** Which tables are meant, as in the options of the persistence. */
export type TableOptions = Pick<PostgresOptions, 'schema' | 'prefix'>;

/**
 * The SQL that makes the tables, for those who run migrations of their own; with it goes the option `tables: 'check'`. It
 * changes nothing where the tables exist. After an upgrade of the package print and run it again.
 *
 * @throws BusbarError UNKNOWN_OPTION, INVALID_CONFIGURATION
 */
export function postgresTables(options: TableOptions = {}): string {
  const names = tableNames(checkOptions(options));
  const newest = tableSteps.at(-1);
  const statements = [
    ...tableSteps.flatMap((step) => step.statements(names)),
    `INSERT INTO ${names.meta} (schema_version, least_reader)
  SELECT ${newest?.version}, ${newest?.leastReader} WHERE NOT EXISTS (SELECT FROM ${names.meta})`,
    `UPDATE ${names.meta} SET schema_version = ${newest?.version}, least_reader = ${newest?.leastReader}
  WHERE schema_version < ${newest?.version}`,
  ];
  return statements.map((each) => `${each};\n`).join('\n');
}

/**
 * The SQL that gives a role all that the persistence needs at run time, and no more. That role cannot make tables: set
 * `tables: 'check'`.
 *
 * @throws BusbarError UNKNOWN_OPTION, INVALID_CONFIGURATION
 */
export function postgresGrants(options: TableOptions & { readonly role: string }): string {
  const { role, ...rest } = options;
  checkName('role', role, 1, 63);
  const names = tableNames(checkOptions(rest));
  const to = `TO ${quoted(role)};\n`;
  const changed = [names.handled, names.outbox, names.lanes, names.sagas];
  return [
    `GRANT USAGE ON SCHEMA ${names.schema} ${to}`,
    `GRANT SELECT ON ${names.meta} ${to}`,
    ...changed.map((table) => `GRANT SELECT, INSERT, UPDATE, DELETE ON ${table} ${to}`),
  ].join('');
}
