import { randomUUID } from 'node:crypto';
import {
  type Delivery,
  type OpenedMessage,
  type PersistenceConnection,
  type StorageSession,
  type TransportConnection,
  type TransportOperation,
  silentLogger,
  systemClock,
} from '@busbar/core';
import type { Pool, PoolClient } from 'pg';
import { expect } from 'vitest';
import { pgPersistence } from '../../src/pg/index.ts';
import type { PostgresOptions } from '../../src/postgres-options.ts';

export type Connection = PersistenceConnection<PoolClient>;

/** Connects an endpoint's persistence as the core does; the transport is nothing that this one looks at. */
export function connect(
  pool: Pool,
  options: PostgresOptions = {},
  endpoint = 'sales',
): Promise<Connection> {
  const host = { endpoint, clock: systemClock, logger: silentLogger };
  return pgPersistence(pool, options).connect({ ...host, transport: {} as TransportConnection });
}

export function open<Storage>(
  connection: PersistenceConnection<Storage>,
  messageId: string = randomUUID(),
): Promise<OpenedMessage<Storage>> {
  return connection.open({ messageId, headers: {}, delivery: {} as Delivery, outbox: true });
}

/** The session of a message that must be new. */
export async function sessionOf(
  connection: Connection,
  messageId?: string,
): Promise<StorageSession<PoolClient>> {
  const opened = await open(connection, messageId);
  if (opened.state !== 'new') throw new Error(`The message is ${opened.state}, not new.`);
  return opened.session;
}

export function operation(id: string, partitionKey?: string): TransportOperation {
  return {
    message: { headers: { 'busbar-message-id': id }, body: new Uint8Array([1, 2, 3]) },
    destination: { kind: 'queue', queue: 'billing' },
    ...(partitionKey !== undefined && { partitionKey }),
  };
}

/** The rejection of a promise that must reject. */
export async function failureOf(promise: Promise<unknown>): Promise<Error> {
  const outcome = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(outcome).toBeInstanceOf(Error);
  return outcome as Error;
}

export const nothing = { operations: [], sagas: [] } as const;
