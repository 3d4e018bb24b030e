import { postgresForTests } from '../../../../test/support/postgres/postgres-for-tests.ts';
import { abandonTests } from '../data-layers/abandon-tests.ts';
import { typeormLibrary } from './typeorm-library.ts';

const postgres = await postgresForTests();

postgres.register('typeorm', (server) => abandonTests(server, typeormLibrary));
