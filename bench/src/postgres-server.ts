import { basename } from 'node:path';
import pg from 'pg';
import type { Scenario, Setting } from './scenario.ts';

/** The server that is measured against. It waits for the disk, or what is measured is not what is promised. */
export const postgresUrl =
  process.env['BUSBAR_BENCH_POSTGRES_URL'] ?? 'postgres://postgres@localhost:5432/postgres';

let problem: Promise<string | undefined> | undefined;

/** Why there is nothing to measure, and how to get it; asked of the server once. */
export function postgresProblem(): Promise<string | undefined> {
  problem ??= look();
  return problem;
}

async function look(): Promise<string | undefined> {
  const { host } = new URL(postgresUrl);
  try {
    const [row] = await onPostgres(`SELECT current_setting('fsync') AS fsync`);
    if (row?.['fsync'] === 'on') return undefined;
    return `PostgreSQL at ${host} does not wait for the disk: set "fsync = on" in its postgresql.conf.`;
  } catch (error) {
    const why = error instanceof Error ? error.message || error.name : String(error);
    return (
      `No PostgreSQL at ${host} (${why}): name one, with a user who may make databases, in BUSBAR_BENCH_POSTGRES_URL, ` +
      'or start one with "docker run --rm -p 5432:5432 -e POSTGRES_HOST_AUTH_METHOD=trust postgres:17".'
    );
  }
}

/** Runs a statement past what is measured, on a connection of its own. */
export async function onPostgres(
  text: string,
  url: string = postgresUrl,
): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

/** Makes the database of one measurement; gives its address. */
export async function makeDatabase(setting: Setting): Promise<string> {
  const name = databaseName(setting);
  await onPostgres(`CREATE DATABASE "${name}"`);
  const url = new URL(postgresUrl);
  url.pathname = `/${name}`;
  return url.href;
}

function databaseName({ directory }: Setting): string {
  return `busbar_bench_${basename(directory)}`;
}

/** What every scenario on PostgreSQL has: it needs a server, and leaves nothing there. */
export const onPostgresServer = {
  problem: postgresProblem,
  cleanUp: async (setting) => {
    await onPostgres(`DROP DATABASE IF EXISTS "${databaseName(setting)}" WITH (FORCE)`);
  },
} satisfies Pick<Scenario, 'problem' | 'cleanUp'>;
