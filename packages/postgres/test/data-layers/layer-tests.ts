import pg from 'pg';
import { expect, test, vi } from 'vitest';
import type { PostgresServer } from '../../../../test/support/postgres/postgres-host.ts';
import type { TestDatabase } from '../../../../test/support/postgres/test-database.ts';
import type { DataLayer, SqlStatement, SqlValue } from '../../src/data-layer.ts';
import { isOutage, sqlErrorOf } from '../../src/sql-error.ts';
import type { Library } from './library.ts';
import { type Opened, openLibrary, terminate } from './open-library.ts';

/** What each data layer promises to the persistence, on a pool of one connection: what is not given back is missed at once. */
export function layerTests<Storage>(server: PostgresServer, library: Library<Storage>): void {
  const open = (): Promise<Opened<Storage>> => openLibrary(server, library, 1);
  const ids = async (database: TestDatabase): Promise<unknown[]> =>
    (await database.rows('SELECT id FROM accounts ORDER BY id')).map(({ id }) => id);

  test('should commit what the user and the persistence wrote as one', async () => {
    const { layer, addAccount, database } = await open();
    const transaction = await layer.begin();
    await addAccount(transaction.transaction, 'user');
    await transaction.run(insert('ours'));
    expect(await ids(database)).toEqual([]);
    await transaction.commit(insert('ours, at last'));
    expect(await ids(database)).toEqual(['ours', 'ours, at last', 'user']);
    await usable(layer);
  });

  test('should roll back both', async () => {
    const { layer, addAccount, database } = await open();
    const transaction = await layer.begin();
    await addAccount(transaction.transaction, 'user');
    await transaction.run(insert('ours'));
    await transaction.rollback();
    expect(await ids(database)).toEqual([]);
    await usable(layer);
  });

  test('should commit nothing when the last statement fails, and say why', async () => {
    const { layer, addAccount, database } = await open();
    await layer.run(insert('taken'));
    const transaction = await layer.begin();
    await addAccount(transaction.transaction, 'user');
    const error = await rejected(transaction.commit(insert('taken')));
    expect(sqlErrorOf(error)).toMatchObject({ code: '23505', constraint: 'accounts_pkey' });
    expect(await ids(database)).toEqual(['taken']);
    await usable(layer);
  });

  test('should let it be seen when the COMMIT itself fails', async () => {
    const { layer, database } = await open();
    await database.rows('CREATE TABLE late (id text UNIQUE DEFERRABLE INITIALLY DEFERRED)');
    const twice = sql(`INSERT INTO late VALUES ('one'), ('one')`);
    const transaction = await layer.begin();
    const error = await rejected(transaction.commit(twice));
    expect(sqlErrorOf(error)).toMatchObject({ code: '23505' });
    expect(await database.rows('SELECT * FROM late')).toEqual([]);
    await usable(layer);
  });

  test('should not take the COMMIT of a failed transaction for one', async () => {
    const { layer, addAccount, query } = await open();
    const transaction = await layer.begin();
    await addAccount(transaction.transaction, 'user');
    await rejected(query(transaction.transaction, 'SELECT 1 / 0'));
    const error = await rejected(transaction.commit());
    expect(sqlErrorOf(error)).toMatchObject({ code: '25P02' });
    await usable(layer);
  });

  test('should give the connection back when BEGIN fails', async () => {
    const { layer } = await open();
    await layer.run(sql('SELECT 1'));
    const restore = failNext(/^\s*(begin|start transaction)/i);
    const error = await rejected(layer.begin());
    restore();
    expect(sqlErrorOf(error)).toMatchObject({ code: '22012' });
    await usable(layer);
  });

  test('should give rows and counts as the database has them', async () => {
    const { layer } = await open();
    const results = [
      await layer.run(sql(`INSERT INTO accounts VALUES ('a', 1), ('b', 2)`)),
      await layer.run(sql(`UPDATE accounts SET account_balance = 3 WHERE id = $1`, ['a'])),
      await layer.run(sql(`DELETE FROM accounts WHERE id = $1 RETURNING account_balance`, ['a'])),
      await layer.run(
        sql(
          `WITH gone AS (DELETE FROM accounts RETURNING id) INSERT INTO accounts SELECT id, 4 FROM gone`,
        ),
      ),
      await layer.run(
        sql(`SELECT $1::text[] AS texts, $2::integer AS number, $3::text AS nothing`, [
          ['x', "y'"],
          5,
          null,
        ]),
      ),
      await layer.run(
        sql(`SELECT id AS some_id FROM accounts WHERE id = ANY ($1::text[])`, [['b']]),
      ),
      await layer.run(sql(`SELECT 1 WHERE false`)),
    ];
    expect(results).toEqual([
      { rows: [], count: 2 },
      { rows: [], count: 1 },
      { rows: [{ account_balance: 3 }], count: 1 },
      { rows: [], count: 1 },
      { rows: [{ texts: ['x', "y'"], number: 5, nothing: null }], count: 1 },
      { rows: [{ some_id: 'b' }], count: 1 },
      { rows: [], count: 0 },
    ]);
  });

  test('should run statements in a transaction that the user has', async () => {
    const { layer, transaction, addAccount, database } = await open();
    await transaction(async (storage) => {
      await addAccount(storage, 'user');
      await layer.within(storage).run(insert('ours'));
      expect(await ids(database)).toEqual([]);
    });
    expect(await ids(database)).toEqual(['ours', 'user']);
    const failing = transaction(async (storage) => {
      await layer.within(storage).run(insert('undone'));
      throw new Error('no stock');
    });
    await expect(failing).rejects.toThrow('no stock');
    expect(await ids(database)).toEqual(['ours', 'user']);
  });

  test.each(['addAccount', 'run', 'commit', 'rollback'] as const)(
    'should go on with another connection when one was cut before %s',
    async (what) => {
      const { layer, addAccount, cut, database } = await open();
      const begun = await layer.begin();
      await cut(begun.transaction);
      const error = await errorOf(
        what === 'addAccount'
          ? addAccount(begun.transaction, 'user')
          : what === 'run'
            ? begun.run(insert('ours'))
            : begun[what](),
      );
      if (what === 'addAccount' || what === 'run') await begun.rollback().catch(() => {});
      // A rollback may pass over it: what was to be undone is undone.
      if (what !== 'rollback') expect(error).toBeInstanceOf(Error);
      if (library.tellsLoss && (what === 'run' || what === 'commit')) {
        expect(sqlErrorOf(error)).toMatchObject({ code: '57P01' });
        expect(isOutage(error)).toBe(true);
      }
      expect(await ids(database)).toEqual([]);
      await usable(layer);
    },
  );

  test('should tell an outage when the connection is cut within a statement', async () => {
    const { layer, query, database } = await open();
    const begun = await layer.begin();
    const [row] = await query(begun.transaction, 'SELECT pg_backend_pid() AS pid');
    const pid = Number(row?.['pid']);
    const sleeping = errorOf(query(begun.transaction, 'SELECT pg_sleep(60)::text'));
    await expect
      .poll(() =>
        database.rows(
          `SELECT 1 AS one FROM pg_stat_activity WHERE pid = ${pid} AND wait_event = 'PgSleep'`,
        ),
      )
      .toHaveLength(1);
    await terminate(database, pid);
    const error = await sleeping;
    expectOutage(error);
    await begun.rollback().catch(() => {});
    await usable(layer);
  });

  test('should tell an outage when the server cannot be reached', async () => {
    const { layer, goAway } = await open();
    await goAway();
    expectOutage(await errorOf(layer.run(sql('SELECT 1'))));
    expectOutage(await errorOf(layer.begin()));
  });
}

function sql(text: string, values: readonly SqlValue[] = []): SqlStatement {
  return { name: `test ${text.slice(0, 40)}`, text, values };
}

function insert(id: string): SqlStatement {
  return sql('INSERT INTO accounts VALUES ($1, 7)', [id]);
}

/** Waits for ever where the one connection of the pool was lost or is in use. */
async function usable(layer: DataLayer<unknown>): Promise<void> {
  const transaction = await layer.begin();
  expect((await transaction.run(sql('SELECT 1 AS one'))).rows).toEqual([{ one: 1 }]);
  await transaction.rollback();
  expect((await layer.run(sql('SELECT 1 AS one'))).rows).toEqual([{ one: 1 }]);
}

async function errorOf(promise: PromiseLike<unknown>): Promise<unknown> {
  try {
    await promise;
    return undefined;
  } catch (error) {
    return error;
  }
}

async function rejected(promise: PromiseLike<unknown>): Promise<Error> {
  const error = await errorOf(promise);
  expect(error).toBeInstanceOf(Error);
  return error as Error;
}

function expectOutage(error: unknown): void {
  // Says which error it was, when it fails.
  expect({ error, outage: isOutage(error) }).toEqual({ error, outage: true });
}

/** Has the server refuse what matches, once. */
function failNext(pattern: RegExp): () => void {
  const query = pg.Client.prototype.query as (...parameters: unknown[]) => unknown;
  let failed = false;
  const spy = vi.spyOn(pg.Client.prototype, 'query').mockImplementation(function (
    this: pg.Client,
    ...[asked, ...rest]: unknown[]
  ) {
    const text = typeof asked === 'string' ? asked : (asked as pg.QueryConfig).text;
    if (failed || !pattern.test(text)) return query.call(this, asked, ...rest);
    failed = true;
    const refused = 'SELECT 1 / 0';
    const config = typeof asked === 'string' ? refused : { ...(asked as object), text: refused };
    return query.call(this, config, ...rest);
  });
  return () => {
    spy.mockRestore();
    expect(failed).toBe(true);
  };
}
