import { postgresForTests } from '../../../../test/support/postgres/postgres-for-tests.ts';
import { abandonTests } from '../data-layers/abandon-tests.ts';
import { kyselyLibrary } from './kysely-library.ts';

const postgres = await postgresForTests();

postgres.register('kysely', (server) => abandonTests(server, kyselyLibrary));
