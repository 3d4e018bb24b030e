import type { PersistenceHarness } from '@busbar/conformance';
import type { TestDatabase } from '../../../../test/support/postgres/test-database.ts';
import { holdTransaction } from '../../src/held-transaction.ts';
import type { Library } from './library.ts';

const keepMs = 60_000;

/** What the conformance suite needs of a library, in a database that its tests share. */
export async function libraryHarness<Storage>(
  database: TestDatabase,
  library: Library<Storage>,
): Promise<PersistenceHarness<Storage>> {
  await database.rows(
    'CREATE TABLE IF NOT EXISTS values (key text PRIMARY KEY, value text NOT NULL)',
  );
  const { persistence, query, close } = await library.open(database, 8);
  const own = await library.open(database, 1);
  const insert = (key: string, value: string): string =>
    `INSERT INTO values VALUES (${literal(key)}, ${literal(value)}) ON CONFLICT (key) DO UPDATE SET value =`;
  const age = (table: string, columns: readonly string[], ms: number) => {
    const older = columns.map((each) => `${each} = ${each} - interval '${ms} milliseconds'`);
    return database.rows(`UPDATE busbar_${table} SET ${older.join()}`);
  };
  return {
    persistence: persistence({ keepDeduplication: keepMs }),
    keepMs,
    locks: true,
    // All that is stored grows that much older.
    advance: async (ms) => {
      await age('handled', ['handled_at'], ms);
      await age('outbox', ['created_at', 'claimable_at'], ms);
      await age('lanes', ['created_at', 'claimed_until'], ms);
    },
    write: async (storage, key, value) => {
      await query(storage, `${insert(key, value)} excluded.value`);
    },
    read: async (key) => {
      const rows = await database.rows('SELECT value FROM values WHERE key = $1', [key]);
      return rows[0]?.['value'] as string | undefined;
    },
    append: async (storage, key, text) => {
      await query(storage, `${insert(key, text)} values.value || excluded.value`);
    },
    begin: async () => {
      const held = await holdTransaction<Storage>((body) => own.transaction(body));
      return {
        storage: held.transaction,
        commit: () => held.commit(),
        rollback: () => held.rollback(),
      };
    },
    endTransaction: async (storage, how) => {
      await query(storage, how);
    },
    breakConnections: async () => {
      await database.rows(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid()`,
      );
    },
    close: async () => {
      await close();
      await own.close();
    },
  };
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
