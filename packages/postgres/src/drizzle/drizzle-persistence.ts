import type { Persistence } from '@busbar/core';
import { type DrizzleDatabase, type DrizzleTransaction, DrizzleLayer } from './drizzle-layer.ts';
import type { PostgresOptions } from '../postgres-options.ts';
import { postgresPersistence } from '../postgres-persistence.ts';

export type { DrizzleDatabase, DrizzleTransaction } from './drizzle-layer.ts';

/**
 * Keeps the outbox and sagas in PostgreSQL through Drizzle over a pool of `pg`: `drizzle(pool, …)` or `drizzle(url, …)` of
 * `drizzle-orm/node-postgres`. A handler's `context.storage` is what `db.transaction` gives to its callback; the endpoint
 * ends it. `db` and its pool stay yours: end the pool after the endpoint has stopped.
 *
 * @throws BusbarError UNKNOWN_OPTION; INVALID_CONFIGURATION, also for a database on a single client; INVALID_DURATION
 */
export function drizzlePersistence<Schema extends Record<string, unknown>>(
  db: DrizzleDatabase<Schema>,
  options: PostgresOptions = {},
): Persistence<DrizzleTransaction<Schema>> {
  return postgresPersistence(new DrizzleLayer(db), options);
}
