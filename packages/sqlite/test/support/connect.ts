import type { DeliveryAttempt, Receiver, TransportConnection, TransportHost } from '@busbar/core';
import { type SqliteTransportOptions, sqliteTransport } from '@busbar/sqlite';
import { SqliteConnection } from '../../src/sqlite-connection.ts';
import { checkOptions } from '../../src/sqlite-options.ts';
import { SharedStore } from '../../src/store/shared-store.ts';
import { StoreFile, storePath } from '../../src/store/store-file.ts';
import { quietHost } from './hosts.ts';

/** A connection that closes itself at the end of the test. */
export type TestConnection = TransportConnection & AsyncDisposable;

export async function connect(
  options: SqliteTransportOptions,
  host: Partial<TransportHost> = {},
): Promise<TestConnection> {
  const connection = await sqliteTransport(options).connect(quietHost(host));
  return Object.assign(connection, { [Symbol.asyncDispose]: () => connection.close() });
}

/** As {@link connect}, but with the inside within reach. */
export async function connectInside(
  options: SqliteTransportOptions,
  overrides: Partial<TransportHost> = {},
): Promise<{ connection: TestConnection; file: StoreFile; store: SharedStore }> {
  const host = quietHost(overrides);
  const settings = checkOptions(options);
  const file = new StoreFile(storePath(settings.file), settings.durability);
  const store = new SharedStore(file, settings, host.clock, host.logger);
  await store.register(host.endpoint);
  const connection = new SqliteConnection({ store, release: () => store.close() }, host);
  const disposable = Object.assign(connection, {
    [Symbol.asyncDispose]: () => connection.close(),
  });
  return { connection: disposable, file, store };
}

/** Starts a receiver whose failures are released; `handle` returns 'settled' when it has settled. */
export async function receive(
  connection: TransportConnection,
  queue: string,
  handle: (attempt: DeliveryAttempt) => unknown,
  { concurrency = 8, ordered = false } = {},
): Promise<Receiver> {
  const receiver = connection.createReceiver({ queue, concurrency, ordered, suspicionAfter: 50 });
  await receiver.start(
    async (attempt) => ((await handle(attempt)) === 'settled' ? 'settled' : 'settle'),
    async () => ({ action: 'release' }),
  );
  return receiver;
}
