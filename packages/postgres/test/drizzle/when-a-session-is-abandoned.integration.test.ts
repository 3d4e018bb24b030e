import { postgresForTests } from '../../../../test/support/postgres/postgres-for-tests.ts';
import { abandonTests } from '../data-layers/abandon-tests.ts';
import { drizzleLibrary } from './drizzle-library.ts';

const postgres = await postgresForTests();

postgres.register('drizzle', (server) => abandonTests(server, drizzleLibrary));
