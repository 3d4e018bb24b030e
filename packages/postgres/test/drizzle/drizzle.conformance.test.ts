import { persistenceConformance } from '@busbar/conformance';
import { afterAll } from 'vitest';
import { postgresForTests } from '../../../../test/support/postgres/postgres-for-tests.ts';
import { createDatabase } from '../../../../test/support/postgres/test-database.ts';
import { libraryHarness } from '../data-layers/library-harness.ts';
import { drizzleLibrary } from './drizzle-library.ts';

const postgres = await postgresForTests();

postgres.register('postgres by drizzle', (server) => {
  const database = createDatabase(server);
  afterAll(async () => (await database)[Symbol.asyncDispose]());
  persistenceConformance({
    name: 'postgres by drizzle',
    capabilities: { outbox: true, sagas: true },
    create: async () => libraryHarness(await database, drizzleLibrary),
  });
});
