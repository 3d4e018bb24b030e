/**
 * The run's PostgreSQL, for a test file that neither stops nor reconfigures it. Ask at the top of the file, where no time
 * limit of a test or a hook runs, for it may have to be started first:
 *
 *     const postgres = await postgresForTests(); // or postgresForTests('embedded')
 *
 *     test('should ...', async (context) => {
 *       await using database = await createDatabase(postgres.orSkip(context));
 *       ...
 *     });
 */
import { inject } from 'vitest';
import { type Found, ForTests } from '../rabbitmq/for-tests.ts';
import type { PostgresServer } from './postgres-host.ts';
import type { PostgresOrigin } from './postgres-programs.ts';

const limitMs = 120_000;

/** @param origin Any will do, one from the environment first, unless it is given. */
export async function postgresForTests(origin?: PostgresOrigin): Promise<ForTests<PostgresServer>> {
  const host = inject('postgresHost');
  if (!host) {
    throw new Error('This project does without brokers: see `brokers` in vitest.config.ts.');
  }
  const url = origin === undefined ? host : `${host}/?origin=${origin}`;
  const response = await fetch(url, { signal: AbortSignal.timeout(limitMs) });
  return new ForTests((await response.json()) as Found<PostgresServer>);
}
