import type { Persistence } from '@busbar/core';
import type { Pool, PoolClient } from 'pg';
import { PgLayer } from './pg-layer.ts';
import type { PostgresOptions } from '../postgres-options.ts';
import { postgresPersistence } from '../postgres-persistence.ts';

/**
 * Keeps the outbox and sagas in PostgreSQL through a pool of `pg`. A handler's `context.storage` is the connection on which
 * the transaction runs; the endpoint ends it and gives it back. The pool stays yours: end it after the endpoint has stopped.
 *
 * @throws BusbarError UNKNOWN_OPTION, INVALID_CONFIGURATION, INVALID_DURATION
 */
export function pgPersistence(pool: Pool, options: PostgresOptions = {}): Persistence<PoolClient> {
  return postgresPersistence(new PgLayer(pool), options);
}
