import { postgresForTests } from '../../../../test/support/postgres/postgres-for-tests.ts';
import { persistenceTests } from '../data-layers/persistence-tests.ts';
import { typeormLibrary } from './typeorm-library.ts';

const postgres = await postgresForTests();

postgres.register('typeorm', (server) => persistenceTests(server, typeormLibrary));
