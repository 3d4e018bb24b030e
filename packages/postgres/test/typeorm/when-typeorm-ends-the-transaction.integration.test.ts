import { expect, test } from 'vitest';
import { postgresForTests } from '../../../../test/support/postgres/postgres-for-tests.ts';
import { endingTests } from '../data-layers/ending-tests.ts';
import { openLibrary } from '../data-layers/open-library.ts';
import { typeormLibrary } from './typeorm-library.ts';

const postgres = await postgresForTests();

postgres.register('typeorm', (server) => {
  endingTests(server, typeormLibrary, {
    'a commit': async ({ queryRunner }) => {
      await queryRunner?.commitTransaction();
      await queryRunner?.release();
    },
    'a rollback': async ({ queryRunner }) => {
      await queryRunner?.rollbackTransaction();
      await queryRunner?.release();
    },
  });

  test.each(['commit', 'rollback'] as const)(
    'should %s what a handler has nested and not ended',
    async (how) => {
      const { layer, addAccount, database } = await openLibrary(server, typeormLibrary, 1);
      const begun = await layer.begin();
      await addAccount(begun.transaction, 'outer');
      await begun.transaction.queryRunner?.startTransaction();
      await addAccount(begun.transaction, 'inner');
      await begun[how]();
      expect(await database.rows('SELECT id FROM accounts')).toHaveLength(how === 'commit' ? 2 : 0);
      const left = await database.rows(
        `SELECT state FROM pg_stat_activity
         WHERE datname = current_database() AND state LIKE 'idle in transaction%'`,
      );
      expect(left).toEqual([]);
    },
  );
});
