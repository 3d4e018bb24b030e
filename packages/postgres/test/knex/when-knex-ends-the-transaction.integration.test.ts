import { postgresForTests } from '../../../../test/support/postgres/postgres-for-tests.ts';
import { endingTests } from '../data-layers/ending-tests.ts';
import { knexLibrary } from './knex-library.ts';

const postgres = await postgresForTests();

postgres.register('knex', (server) =>
  endingTests(server, knexLibrary, {
    'a commit': (storage) => storage.commit(),
    'a rollback': (storage) => storage.rollback(),
    'a rollback with a reason': (storage) => storage.rollback(new Error('no stock')),
  }),
);
