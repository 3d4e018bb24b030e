import { persistenceConformance } from '@busbar/conformance';
import { afterAll } from 'vitest';
import { postgresForTests } from '../../../../test/support/postgres/postgres-for-tests.ts';
import { createDatabase } from '../../../../test/support/postgres/test-database.ts';
import { libraryHarness } from '../data-layers/library-harness.ts';
import { kyselyLibrary } from './kysely-library.ts';

const postgres = await postgresForTests();

postgres.register('postgres by kysely', (server) => {
  const database = createDatabase(server);
  afterAll(async () => (await database)[Symbol.asyncDispose]());
  persistenceConformance({
    name: 'postgres by kysely',
    capabilities: { outbox: true, sagas: true },
    create: async () => libraryHarness(await database, kyselyLibrary),
    skips: {
      'when-the-connections-break/should fail the session as an outage, with nothing committed':
        'Kysely does not tell why a connection in use was lost: the next attempt finds out',
    },
  });
});
