import { persistenceConformance } from '@busbar/conformance';
import { afterAll } from 'vitest';
import { postgresForTests } from '../../../../test/support/postgres/postgres-for-tests.ts';
import { createDatabase } from '../../../../test/support/postgres/test-database.ts';
import { libraryHarness } from '../data-layers/library-harness.ts';
import { typeormLibrary } from './typeorm-library.ts';

const postgres = await postgresForTests();

postgres.register('postgres by typeorm', (server) => {
  const database = createDatabase(server);
  afterAll(async () => (await database)[Symbol.asyncDispose]());
  persistenceConformance({
    name: 'postgres by typeorm',
    capabilities: { outbox: true, sagas: true },
    create: async () => libraryHarness(await database, typeormLibrary),
  });
});
