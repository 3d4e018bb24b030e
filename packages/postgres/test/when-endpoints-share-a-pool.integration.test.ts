import { drizzlePersistence } from '@busbar/postgres/drizzle';
import { pgPersistence } from '@busbar/postgres/pg';
import { drizzle } from 'drizzle-orm/node-postgres';
import { expect, test } from 'vitest';
import { postgresForTests } from '../../../test/support/postgres/postgres-for-tests.ts';
import { createDatabase } from '../../../test/support/postgres/test-database.ts';

const postgres = await postgresForTests();

test('should listen to a pool once, however many there are', async (context) => {
  await using database = await createDatabase(postgres.orSkip(context));
  const pool = database.pool();
  const before = { error: pool.listenerCount('error'), acquire: pool.listenerCount('acquire') };
  for (let count = 0; count < 12; count += 1) {
    pgPersistence(pool);
    drizzlePersistence(drizzle(pool));
  }
  expect(pool.listenerCount('error')).toBe(before.error + 1);
  expect(pool.listenerCount('acquire')).toBe(before.acquire + 1);
});
