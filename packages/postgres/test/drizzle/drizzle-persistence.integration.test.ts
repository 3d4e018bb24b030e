import { postgresForTests } from '../../../../test/support/postgres/postgres-for-tests.ts';
import { persistenceTests } from '../data-layers/persistence-tests.ts';
import { drizzleLibrary } from './drizzle-library.ts';

const postgres = await postgresForTests();

postgres.register('drizzle', (server) => persistenceTests(server, drizzleLibrary));
