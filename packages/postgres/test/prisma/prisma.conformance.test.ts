import { persistenceConformance } from '@busbar/conformance';
import { afterAll } from 'vitest';
import { postgresForTests } from '../../../../test/support/postgres/postgres-for-tests.ts';
import { createDatabase } from '../../../../test/support/postgres/test-database.ts';
import { libraryHarness } from '../data-layers/library-harness.ts';
import { loadClient } from './generate-client.ts';
import { prismaLibrary } from './prisma-library.ts';

const postgres = await postgresForTests();
const client = await loadClient();

postgres.register('postgres by prisma', (server) => {
  const database = createDatabase(server);
  afterAll(async () => (await database)[Symbol.asyncDispose]());
  persistenceConformance({
    name: 'postgres by prisma',
    capabilities: { outbox: true, sagas: true },
    create: async () => libraryHarness(await database, prismaLibrary(client)),
    skips: {
      'when-the-connections-break/should fail the session as an outage, with nothing committed':
        'Prisma does not tell why a connection in use was lost: the next attempt finds out',
    },
  });
});
