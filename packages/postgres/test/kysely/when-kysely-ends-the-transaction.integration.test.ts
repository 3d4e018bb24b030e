import type { ControlledTransaction } from 'kysely';
import { postgresForTests } from '../../../../test/support/postgres/postgres-for-tests.ts';
import { endingTests } from '../data-layers/ending-tests.ts';
import { type Tables, kyselyLibrary } from './kysely-library.ts';

const postgres = await postgresForTests();

postgres.register('kysely', (server) =>
  endingTests(server, kyselyLibrary, {
    'a commit': (storage) => (storage as ControlledTransaction<Tables>).commit().execute(),
    'a rollback': (storage) => (storage as ControlledTransaction<Tables>).rollback().execute(),
  }),
);
