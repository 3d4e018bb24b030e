import { randomUUID } from 'node:crypto';
import pg from 'pg';

/** A database that is the test's alone. */
export interface TestDatabase extends AsyncDisposable {
  readonly name: string;
  readonly url: string;
  /** A pool of its own, ended with the database. */
  pool(options?: pg.PoolConfig): pg.Pool;
  /** Looks at it with a connection that counts in no pool. */
  rows<Row extends pg.QueryResultRow = Record<string, unknown>>(
    text: string,
    values?: readonly unknown[],
  ): Promise<readonly Row[]>;
}

/** Makes one on the run's server, or on a private one. Costs 50 ms. */
export async function createDatabase(server: { readonly url: string }): Promise<TestDatabase> {
  const name = `busbar_test_${randomUUID().replaceAll('-', '')}`;
  await ask(server.url, `CREATE DATABASE ${name}`);
  const url = new URL(server.url);
  url.pathname = `/${name}`;
  const pools: pg.Pool[] = [];
  let looking: pg.Pool | undefined;
  const pool = (options: pg.PoolConfig = {}): pg.Pool => {
    const made = new pg.Pool({ connectionString: url.href, ...options });
    // A server that a test stops must not end the test's process.
    made.on('error', () => {});
    pools.push(made);
    return made;
  };
  return {
    name,
    url: url.href,
    pool,
    rows: async <Row extends pg.QueryResultRow>(text: string, values: readonly unknown[] = []) => {
      looking ??= pool({ max: 2 });
      return (await looking.query<Row>(text, [...values])).rows;
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(pools.filter((each) => !each.ending).map((each) => each.end()));
      await ask(server.url, awaitNobody(name));
      await ask(server.url, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    },
  };
}

/**
 * Pools say that they have ended before their connections have, and nobody listens to those: the process would end of one
 * that the removal of the database cuts off. Waits two seconds at most, for a test may have left some.
 */
function awaitNobody(name: string): string {
  return `DO $$ BEGIN
    FOR times IN 1..100 LOOP
      EXIT WHEN NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = '${name}');
      PERFORM pg_sleep(0.02);
      PERFORM pg_stat_clear_snapshot();
    END LOOP;
  END $$`;
}

async function ask(url: string, text: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}
