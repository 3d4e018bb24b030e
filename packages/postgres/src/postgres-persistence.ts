import type { Persistence } from '@busbar/core';
import type { DataLayer } from './data-layer.ts';
import { PostgresConnection } from './postgres-connection.ts';
import { type PostgresOptions, checkOptions } from './postgres-options.ts';

/**
 * Keeps the outbox and sagas in PostgreSQL 13 or newer, in the transactions of a data layer. An application takes that of
 * its library, `@busbar/postgres/pg` say; this is for authors of others.
 *
 * @throws BusbarError UNKNOWN_OPTION, INVALID_CONFIGURATION, INVALID_DURATION
 */
export function postgresPersistence<Transaction>(
  layer: DataLayer<Transaction>,
  options: PostgresOptions = {},
): Persistence<Transaction> {
  const settings = checkOptions(options);
  return {
    name: `postgres (${layer.name})`,
    capabilities: { outbox: true, sagas: true },
    connect: (host) => PostgresConnection.open(layer, settings, host),
  };
}
