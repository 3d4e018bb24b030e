import { postgresForTests } from '../../../../test/support/postgres/postgres-for-tests.ts';
import { abandonTests } from '../data-layers/abandon-tests.ts';
import { knexLibrary } from './knex-library.ts';

const postgres = await postgresForTests();

postgres.register('knex', (server) => abandonTests(server, knexLibrary));
