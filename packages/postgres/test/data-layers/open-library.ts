import { once } from 'node:events';
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';
import { expect, onTestFinished } from 'vitest';
import type { PostgresServer } from '../../../../test/support/postgres/postgres-host.ts';
import {
  type TestDatabase,
  createDatabase,
} from '../../../../test/support/postgres/test-database.ts';
import { type Library, type OpenLibrary, accountsTable } from './library.ts';

/** A library on a database of the test's own. */
export interface Opened<Storage> extends OpenLibrary<Storage> {
  readonly database: TestDatabase;
  /** Ends the connection of a transaction; its client has seen it then. */
  cut(storage: Storage): Promise<void>;
  /** Ends all connections of the library, and keeps it from making new ones. */
  goAway(): Promise<void>;
}

/** Closed when the test has finished. */
export async function openLibrary<Storage>(
  server: PostgresServer,
  library: Library<Storage>,
  max: number,
): Promise<Opened<Storage>> {
  const database = await createDatabase(server);
  onTestFinished(() => database[Symbol.asyncDispose]());
  await database.rows(accountsTable);
  const door = await openDoor(new URL(database.url));
  onTestFinished(() => door.close());
  const opened = await library.open(
    {
      ...database,
      url: door.url,
      pool: (options) => database.pool({ ...options, connectionString: door.url }),
    },
    max,
  );
  onTestFinished(() => opened.close());
  return {
    ...opened,
    database,
    cut: async (storage) => {
      const [row] = await opened.query(storage, 'SELECT pg_backend_pid() AS pid');
      await terminate(database, Number(row?.['pid']));
    },
    goAway: () => door.close(),
  };
}

/** Ends a connection; its client has seen it then. */
export async function terminate(database: TestDatabase, pid: number): Promise<void> {
  await database.rows('SELECT pg_terminate_backend($1)', [pid]);
  const look = () => database.rows('SELECT 1 FROM pg_stat_activity WHERE pid = $1', [pid]);
  await expect.poll(look).toEqual([]);
  // What the server sent before its end arrives before what it is asked after it.
  await look();
}

/** A way to the server that can be shut. */
async function openDoor(target: URL): Promise<{ url: string; close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const host = createServer({ noDelay: true }, (inner) => {
    const outer = connect({
      host: target.hostname,
      port: Number(target.port || 5432),
      noDelay: true,
    });
    for (const [from, to] of [
      [inner, outer],
      [outer, inner],
    ] as const) {
      sockets.add(from);
      from.on('error', () => to.destroy()).on('close', () => to.destroy());
      from.pipe(to);
    }
  });
  host.listen(0, '127.0.0.1');
  await once(host, 'listening');
  const url = new URL(target);
  url.hostname = '127.0.0.1';
  url.port = String((host.address() as AddressInfo).port);
  return {
    url: url.href,
    close: async () => {
      if (!host.listening) return;
      const closed = once(host, 'close');
      host.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
