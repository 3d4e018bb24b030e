import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import pg from 'pg';
import type { TestProject } from 'vitest/node';
import type { Found } from '../rabbitmq/for-tests.ts';
import type { PostgresOrigin } from './postgres-programs.ts';
import { type PrivatePostgres, startPrivatePostgres } from './private-postgres.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where test files ask for a PostgreSQL; empty in projects that must do without. */
    postgresHost: string;
  }
}

/** A server that tests may use, and neither stop nor reconfigure. */
export interface PostgresServer {
  readonly kind: 'environment' | PostgresOrigin;
  readonly version: string;
  /** Of a user that may make databases and roles. */
  readonly url: string;
}

/**
 * Vitest's global set-up of the whole run: it starts nothing but a port, where the first test file that asks has a server
 * started for all. `BUSBAR_TEST_POSTGRES_URL` names one that is there; otherwise it is a private one.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const started = new Map<PostgresOrigin | undefined, Promise<PrivatePostgres>>();
  const told = new Set<string>();
  const tell = (line: string): void => {
    if (!told.has(line)) project.vitest.logger.log(line);
    told.add(line);
  };
  const start = (origin: PostgresOrigin | undefined): Promise<PrivatePostgres> => {
    const known = started.get(origin) ?? startPrivatePostgres(origin && { origin });
    started.set(origin, known);
    return known;
  };
  const find = async (origin: PostgresOrigin | undefined): Promise<PostgresServer> => {
    const url = process.env['BUSBAR_TEST_POSTGRES_URL'];
    if (url !== undefined && origin === undefined) {
      return { kind: 'environment', url, version: await versionAt(url) };
    }
    const server = await start(origin);
    const kind = origin ?? server.origin;
    return { kind, url: server.url, version: server.version };
  };
  const answer = async (origin: PostgresOrigin | undefined): Promise<Found<PostgresServer>> => {
    try {
      const value = await find(origin);
      tell(`Tests use PostgreSQL ${value.version} (${value.kind})`);
      return { value };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const what = `No PostgreSQL for the tests: name one in BUSBAR_TEST_POSTGRES_URL, or install one.\n  ${reason}`;
      tell(what);
      return { reason: what };
    }
  };

  const host = createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? '/', 'http://host');
    const origin = searchParams.get('origin') as PostgresOrigin | null;
    void answer(origin ?? undefined).then((each) => response.end(JSON.stringify(each)));
  });
  host.unref().listen(0, '127.0.0.1');
  await once(host, 'listening');
  project.provide('postgresHost', `http://127.0.0.1:${(host.address() as AddressInfo).port}`);
  return async () => {
    host.close();
    host.closeAllConnections();
    const ended = await Promise.allSettled(started.values());
    const running = ended.filter((each) => each.status === 'fulfilled');
    await Promise.all(running.map((each) => each.value.destroy()));
  };
}

async function versionAt(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  await client.connect();
  try {
    const { rows } = await client.query<{ server_version: string }>('SHOW server_version');
    return rows[0]?.server_version ?? '';
  } finally {
    await client.end();
  }
}
