import type { Persistence } from '@busbar/core';
import type { DataSource, EntityManager } from 'typeorm';
import { TypeormLayer } from './typeorm-layer.ts';
import type { PostgresOptions } from '../postgres-options.ts';
import { postgresPersistence } from '../postgres-persistence.ts';

/**
 * Keeps the outbox and sagas in PostgreSQL through TypeORM, with `type: 'postgres'`. A handler's `context.storage` is the
 * `EntityManager` of the transaction; the endpoint ends it. The data source stays yours: initialise it before the endpoint
 * starts, and destroy it after the endpoint has stopped.
 *
 * @throws BusbarError UNKNOWN_OPTION; INVALID_CONFIGURATION, also for other databases; INVALID_DURATION
 */
export function typeormPersistence(
  dataSource: DataSource,
  options: PostgresOptions = {},
): Persistence<EntityManager> {
  return postgresPersistence(new TypeormLayer(dataSource), options);
}
