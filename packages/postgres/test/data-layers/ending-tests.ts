import { expect, test } from 'vitest';
import type { PostgresServer } from '../../../../test/support/postgres/postgres-host.ts';
import { notFailed } from '../../src/not-failed.ts';
import type { Library } from './library.ts';
import { openLibrary } from './open-library.ts';

/** That a transaction is not used which a handler ended by the means of its library, on a pool of one connection. */
export function endingTests<Storage>(
  server: PostgresServer,
  library: Library<Storage>,
  endings: Readonly<Record<string, (storage: Storage) => Promise<unknown>>>,
): void {
  test.each(Object.entries(endings))('should notice %s', async (_, end) => {
    const { layer, addAccount, database } = await openLibrary(server, library, 1);
    const begun = await layer.begin();
    await addAccount(begun.transaction, 'user');
    await end(begun.transaction);
    const before = await database.rows('SELECT id FROM accounts');
    // The connection is somebody else's now.
    const other = await layer.begin();
    await addAccount(other.transaction, 'other');
    await expect(begun.run(notFailed)).rejects.toMatchObject({ code: 'TRANSACTION_ENDED' });
    await expect(begun.commit()).rejects.toMatchObject({ code: 'TRANSACTION_ENDED' });
    await begun.rollback();
    expect(await database.rows('SELECT id FROM accounts')).toEqual(before);
    await other.commit();
    expect(await database.rows('SELECT id FROM accounts')).toEqual([...before, { id: 'other' }]);
  });

  test.each(Object.entries(endings))('should not join after %s', async (_, end) => {
    const { layer, database } = await openLibrary(server, library, 1);
    const { transaction } = await layer.begin();
    const runner = layer.within(transaction);
    await end(transaction);
    const insert = { name: 'late', text: `INSERT INTO accounts VALUES ('late', 7)`, values: [] };
    await expect(runner.run(insert)).rejects.toThrow();
    expect(await database.rows('SELECT id FROM accounts')).toEqual([]);
  });
}
