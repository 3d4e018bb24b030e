import { postgresForTests } from '../../../../test/support/postgres/postgres-for-tests.ts';
import { layerTests } from '../data-layers/layer-tests.ts';
import { typeormLibrary } from './typeorm-library.ts';

const postgres = await postgresForTests();

postgres.register('typeorm', (server) => layerTests(server, typeormLibrary));
