import { BusbarError } from '@busbar/core';
import type { DataLayer, SqlRunner, SqlStatement } from '../data-layer.ts';
import type { PostgresSettings } from '../postgres-options.ts';
import { statement } from '../statement.ts';
import { sqlErrorOf } from '../sql-error.ts';
import { missingTable, tableError } from './table-errors.ts';
import { type TableNames, tableNames } from './table-names.ts';
import { type TableStep, tableSteps } from './table-steps.ts';

/** The first version that is tested with. */
const leastServer = 130_000;

interface FoundVersion {
  readonly version: number;
  readonly leastReader: number;
}

/**
 * Makes the tables, brings them up to date, or checks them.
 *
 * @throws BusbarError MISSING_TABLE, INCOMPATIBLE_PACKAGE, and what the database says
 */
export async function prepareTables(
  layer: DataLayer<unknown>,
  settings: PostgresSettings,
  steps: readonly TableStep[] = tableSteps,
): Promise<void> {
  await checkServer(layer);
  const names = tableNames(settings);
  const newest = steps.at(-1)?.version ?? 0;
  try {
    const found = await findVersion(layer, names);
    if (found !== undefined && isUsable(found, newest, settings)) return;
    if (settings.tables === 'check') {
      const what =
        found === undefined
          ? 'they do not exist'
          : `they are of version ${found.version}, and version ${newest} is needed`;
      throw missingTable(settings, what);
    }
    await makeTables(layer, settings, names, steps);
  } catch (error) {
    if (error instanceof BusbarError) throw error;
    throw tableError(error, settings) ?? error;
  }
}

async function checkServer(layer: SqlRunner): Promise<void> {
  const text = `SELECT current_setting('server_version_num') AS version`;
  const { rows } = await layer.run(statement('server', text)([]));
  const version = Number(rows[0]?.['version']);
  if (version >= leastServer) return;
  throw new BusbarError(
    'INVALID_CONFIGURATION',
    `The database is PostgreSQL ${Math.floor(version / 10_000)}; the persistence needs 13 or newer.`,
    { help: 'Upgrade the server.', details: { version } },
  );
}

/** Whether tables of that version do as they are. */
function isUsable(found: FoundVersion, newest: number, settings: PostgresSettings): boolean {
  if (found.version <= newest) return found.version === newest;
  if (found.leastReader <= newest) return true;
  throw new BusbarError(
    'INCOMPATIBLE_PACKAGE',
    `The tables "${settings.schema}"."${settings.prefix}…" are of version ${found.version}, which this @busbar/postgres cannot use: it knows ${newest}, and at least ${found.leastReader} is needed.`,
    {
      help: 'Install the version of @busbar/postgres that the other instances have, or a newer one.',
      details: { found: found.version, known: newest },
    },
  );
}

/** Undefined where there are no tables. */
async function findVersion(
  runner: SqlRunner,
  names: TableNames,
): Promise<FoundVersion | undefined> {
  try {
    return await readVersion(runner, names);
  } catch (error) {
    const code = sqlErrorOf(error)?.code;
    if (code === '42P01' || code === '3F000') return undefined;
    throw error;
  }
}

async function readVersion(
  runner: SqlRunner,
  names: TableNames,
): Promise<FoundVersion | undefined> {
  const text = `SELECT schema_version, least_reader FROM ${names.meta}`;
  const { rows } = await runner.run(statement('version', text)([]));
  const [row] = rows;
  if (row === undefined) return undefined;
  return { version: Number(row['schema_version']), leastReader: Number(row['least_reader']) };
}

async function makeTables(
  layer: DataLayer<unknown>,
  settings: PostgresSettings,
  names: TableNames,
  steps: readonly TableStep[],
): Promise<void> {
  const transaction = await layer.begin();
  try {
    for (const each of opening(settings, names)) await transaction.run(each);
    if (!(await exists(transaction, 'pg_namespace WHERE nspname = $1', settings.schema))) {
      await transaction.run(ddl(`CREATE SCHEMA IF NOT EXISTS ${names.schema}`));
    }
    // Asked for first: a statement that fails would end the transaction.
    const found = (await exists(
      transaction,
      '(SELECT to_regclass($1) AS oid) AS t WHERE oid IS NOT NULL',
      names.meta,
    ))
      ? await readVersion(transaction, names)
      : undefined;
    const newest = steps.at(-1);
    // Another instance may have been faster.
    if (
      newest !== undefined &&
      (found === undefined || !isUsable(found, newest.version, settings))
    ) {
      const missing = steps.filter(({ version }) => version > (found?.version ?? 0));
      for (const step of missing) {
        for (const text of step.statements(names)) await transaction.run(ddl(text));
      }
      await transaction.run(ddl(`DELETE FROM ${names.meta}`));
      await transaction.run(
        ddl(
          `INSERT INTO ${names.meta} (schema_version, least_reader) VALUES (${newest.version}, ${newest.leastReader})`,
        ),
      );
    }
  } catch (error) {
    await transaction.rollback().catch(() => {});
    throw error;
  }
  await transaction.commit();
}

/** What makes instances that start at the same time wait for each other, and see what the one before has made. */
function opening(settings: PostgresSettings, names: TableNames): readonly SqlStatement[] {
  const lock = `SELECT pg_advisory_xact_lock(hashtextextended($1, 0))::text AS locked`;
  return [
    ddl('SET TRANSACTION ISOLATION LEVEL READ COMMITTED'),
    statement('lock_tables', lock)([`busbar tables ${names.schema} ${settings.prefix}`]),
  ];
}

async function exists(runner: SqlRunner, what: string, value: string): Promise<boolean> {
  const { count } = await runner.run(statement('exists', `SELECT 1 AS one FROM ${what}`)([value]));
  return count > 0;
}

function ddl(text: string): SqlStatement {
  return statement('tables', text)([]);
}
