import type { Persistence } from '@busbar/core';
import type { Kysely, Transaction } from 'kysely';
import { KyselyLayer } from './kysely-layer.ts';
import type { PostgresOptions } from '../postgres-options.ts';
import { postgresPersistence } from '../postgres-persistence.ts';

/**
 * Keeps the outbox and sagas in PostgreSQL through Kysely 0.28 or newer. A handler's `context.storage` is the `Transaction`;
 * the endpoint ends it. `db` stays yours: destroy it after the endpoint has stopped.
 *
 * Kysely leaves the errors of connections in use to whoever made the pool: without a listener the loss of one ends the
 * process. Write `pool.on('connect', (client) => client.on('error', () => {}))`.
 *
 * @throws BusbarError UNKNOWN_OPTION, INVALID_CONFIGURATION, INVALID_DURATION
 */
export function kyselyPersistence<DB>(
  db: Kysely<DB>,
  options: PostgresOptions = {},
): Persistence<Transaction<DB>> {
  return postgresPersistence(new KyselyLayer(db), options);
}
