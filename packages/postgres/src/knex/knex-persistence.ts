import type { Persistence } from '@busbar/core';
import type { Knex } from 'knex';
import { KnexLayer } from './knex-layer.ts';
import type { PostgresOptions } from '../postgres-options.ts';
import { postgresPersistence } from '../postgres-persistence.ts';

/**
 * Keeps the outbox and sagas in PostgreSQL through Knex, with `client: 'pg'`. A handler's `context.storage` is the
 * `Knex.Transaction`; the endpoint ends it. `knex` stays yours: destroy it after the endpoint has stopped.
 *
 * Knex waits `acquireConnectionTimeout`, one minute, for a free connection of its pool: raise it where messages may have to
 * wait longer for one.
 *
 * @throws BusbarError UNKNOWN_OPTION; INVALID_CONFIGURATION, also for other databases; INVALID_DURATION
 */
export function knexPersistence(
  knex: Knex,
  options: PostgresOptions = {},
): Persistence<Knex.Transaction> {
  return postgresPersistence(new KnexLayer(knex), options);
}
