import type { Persistence } from '@busbar/core';
import { type PrismaClientLike, type PrismaTransaction, PrismaLayer } from './prisma-layer.ts';
import type { PostgresOptions } from '../postgres-options.ts';
import { postgresPersistence } from '../postgres-persistence.ts';

export type { PrismaClientLike, PrismaTransaction } from './prisma-layer.ts';

/**
 * Keeps the outbox and sagas in PostgreSQL through a client that Prisma 7 or newer has generated, with `@prisma/adapter-pg`. A
 * handler's `context.storage` is the `Prisma.TransactionClient` of that client, with its models and extensions; the endpoint
 * ends it. The client stays yours: disconnect it after the endpoint has stopped.
 *
 * The time limits of interactive transactions, 2 s to get one and 5 s to end it, do not hold here: a message waits until the
 * pool has a connection, and may be handled for as long as the endpoint lets it.
 *
 * @throws BusbarError UNKNOWN_OPTION, INVALID_CONFIGURATION, INVALID_DURATION
 */
export function prismaPersistence<Client extends PrismaClientLike>(
  client: Client,
  options: PostgresOptions = {},
): Persistence<PrismaTransaction<Client>> {
  return postgresPersistence(new PrismaLayer(client), options);
}
