import {
  type Delivery,
  HeldDelivery,
  type OpenedMessage,
  type PersistenceConnection,
  type PersistenceHost,
  type StorageSession,
  type TransportConnection,
  memoryTransport,
  MemoryBroker,
} from '@busbar/core';
import {
  type SqlitePersistenceOptions,
  type SqliteStorage,
  sqlitePersistence,
} from '@busbar/sqlite';
import { quietHost } from './hosts.ts';

/** A connection that closes itself at the end of the test. */
export type TestPersistence = PersistenceConnection<SqliteStorage> & AsyncDisposable;

/** Without `transport` the messages are elsewhere. */
export async function persist(
  options: SqlitePersistenceOptions,
  overrides: Partial<PersistenceHost> = {},
): Promise<TestPersistence> {
  const host = quietHost();
  const transport = overrides.transport ?? (await elsewhere());
  const connection = await sqlitePersistence(options).connect({ ...host, ...overrides, transport });
  return Object.assign(connection, { [Symbol.asyncDispose]: () => connection.close() });
}

function elsewhere(): Promise<TransportConnection> {
  return memoryTransport({ broker: new MemoryBroker() }).connect(quietHost());
}

/** Opens a message with an outbox. */
export function open(
  persistence: PersistenceConnection<SqliteStorage>,
  messageId: string,
  delivery: Delivery = deliveryOf(messageId),
  outbox = true,
): Promise<OpenedMessage<SqliteStorage>> {
  return persistence.open({ messageId, headers: {}, delivery, outbox });
}

/** As {@link open}, for a message that must be new. */
export async function openNew(
  persistence: PersistenceConnection<SqliteStorage>,
  messageId: string,
  delivery?: Delivery,
): Promise<StorageSession<SqliteStorage>> {
  const opened = await open(persistence, messageId, delivery);
  if (opened.state !== 'new') throw new Error(`message ${messageId} is ${opened.state}`);
  return opened.session;
}

function deliveryOf(messageId: string): Delivery {
  return new HeldDelivery({
    nativeId: messageId,
    queue: 'in',
    headers: {},
    body: new Uint8Array(0),
  });
}

export const nothing = { operations: [], sagas: [] } as const;
