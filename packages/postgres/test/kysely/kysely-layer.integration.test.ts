import { postgresForTests } from '../../../../test/support/postgres/postgres-for-tests.ts';
import { layerTests } from '../data-layers/layer-tests.ts';
import { kyselyLibrary } from './kysely-library.ts';

const postgres = await postgresForTests();

postgres.register('kysely', (server) => layerTests(server, kyselyLibrary));
