import type { PersistenceHarness } from '@busbar/conformance';
import type { PoolClient } from 'pg';
import type { PostgresServer } from '../../../../test/support/postgres/postgres-host.ts';
import { createDatabase } from '../../../../test/support/postgres/test-database.ts';
import { pgPersistence } from '../../src/pg/index.ts';

const keepMs = 60_000;

/** What the conformance suite needs of `pg`: a database of its own, and a table of keys and values. */
export async function pgHarness(
  server: PostgresServer,
  poolOptions: { max?: number; pipeline?: boolean } = {},
): Promise<PersistenceHarness<PoolClient>> {
  const database = await createDatabase(server);
  const pool = database.pool({ max: 8, ...poolOptions });
  const own = database.pool({ max: 1 });
  await database.rows('CREATE TABLE values (key text PRIMARY KEY, value text NOT NULL)');
  const insert = 'INSERT INTO values VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value =';
  return {
    persistence: pgPersistence(pool, { keepDeduplication: keepMs }),
    keepMs,
    locks: true,
    // All that is stored grows that much older.
    advance: async (ms) => {
      // What is noted behind a dispatch is so by the machine's clock.
      await new Promise((resolve) => setTimeout(resolve, Math.min(ms, 10)));
      const older = `- interval '${ms} milliseconds'`;
      await database.rows(`UPDATE busbar_handled SET handled_at = handled_at ${older}`);
      await database.rows(
        `UPDATE busbar_outbox SET created_at = created_at ${older}, claimable_at = claimable_at ${older}`,
      );
      await database.rows(
        `UPDATE busbar_lanes SET created_at = created_at ${older}, claimed_until = claimed_until ${older}`,
      );
    },
    write: async (client, key, value) => {
      await client.query(`${insert} excluded.value`, [key, value]);
    },
    read: async (key) => {
      const rows = await database.rows('SELECT value FROM values WHERE key = $1', [key]);
      return rows[0]?.['value'] as string | undefined;
    },
    append: async (client, key, text) => {
      await client.query(`${insert} values.value || excluded.value`, [key, text]);
    },
    begin: async () => {
      const client = await own.connect();
      await client.query('BEGIN');
      const end = async (how: string): Promise<void> => {
        await client.query(how);
        client.release();
      };
      return { storage: client, commit: () => end('COMMIT'), rollback: () => end('ROLLBACK') };
    },
    endTransaction: async (client, how) => {
      await client.query(how);
    },
    breakConnections: async () => {
      await database.rows(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid()`,
      );
    },
    close: async () => {
      await database[Symbol.asyncDispose]();
    },
  };
}
