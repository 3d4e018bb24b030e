import { postgresForTests } from '../../../../test/support/postgres/postgres-for-tests.ts';
import { layerTests } from '../data-layers/layer-tests.ts';
import { knexLibrary } from './knex-library.ts';

const postgres = await postgresForTests();

postgres.register('knex', (server) => layerTests(server, knexLibrary));
