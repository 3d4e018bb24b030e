import { persistenceConformance } from '@busbar/conformance';
import { postgresForTests } from '../../../test/support/postgres/postgres-for-tests.ts';
import { pgHarness } from './support/pg-harness.ts';

const capabilities = { outbox: true, sagas: true };
const newest = await postgresForTests('embedded');
const installed = await postgresForTests('installed');

newest.register('postgres, the newest', (server) =>
  persistenceConformance({
    name: `postgres ${server.version}`,
    capabilities,
    create: () => pgHarness(server),
  }),
);

installed.register('postgres, the installed one, pipelined', (server) =>
  persistenceConformance({
    name: `postgres ${server.version}, pipelined`,
    capabilities,
    create: () => pgHarness(server, { pipeline: true }),
  }),
);
