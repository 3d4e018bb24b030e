import { postgresForTests } from '../../../../test/support/postgres/postgres-for-tests.ts';
import { persistenceTests } from '../data-layers/persistence-tests.ts';
import { knexLibrary } from './knex-library.ts';

const postgres = await postgresForTests();

postgres.register('knex', (server) => persistenceTests(server, knexLibrary));
