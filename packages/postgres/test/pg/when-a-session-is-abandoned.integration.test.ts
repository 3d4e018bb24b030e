import { postgresForTests } from '../../../../test/support/postgres/postgres-for-tests.ts';
import { abandonTests } from '../data-layers/abandon-tests.ts';
import { pgLibrary } from './pg-library.ts';

const postgres = await postgresForTests();

postgres.register('pg', (server) => abandonTests(server, pgLibrary));
