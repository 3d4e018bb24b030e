import { postgresForTests } from '../../../../test/support/postgres/postgres-for-tests.ts';
import { layerTests } from '../data-layers/layer-tests.ts';
import { drizzleLibrary } from './drizzle-library.ts';

const postgres = await postgresForTests();

postgres.register('drizzle', (server) => layerTests(server, drizzleLibrary));
