import { postgresForTests } from '../../../../test/support/postgres/postgres-for-tests.ts';
import { persistenceTests } from '../data-layers/persistence-tests.ts';
import { kyselyLibrary } from './kysely-library.ts';

const postgres = await postgresForTests();

postgres.register('kysely', (server) => persistenceTests(server, kyselyLibrary));
