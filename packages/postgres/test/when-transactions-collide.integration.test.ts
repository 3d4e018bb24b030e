import { expect, test } from 'vitest';
import { postgresForTests } from '../../../test/support/postgres/postgres-for-tests.ts';
import { createDatabase } from '../../../test/support/postgres/test-database.ts';
import { connect, failureOf, operation, sessionOf } from './support/connect.ts';

const postgres = await postgresForTests();

test('should know a deadlock of statements that handlers ran, also as a cause', async (context) => {
  await using database = await createDatabase(postgres.orSkip(context));
  const connection = await connect(database.pool());
  await database.rows('CREATE TABLE counters (name text, value int)');
  await database.rows(`INSERT INTO counters VALUES ('a', 1), ('b', 1)`);
  const sessions = [await sessionOf(connection), await sessionOf(connection)] as const;
  const add = 'UPDATE counters SET value = value + 1 WHERE name = $1';
  await sessions[0].storage.query(add, ['a']);
  await sessions[1].storage.query(add, ['b']);
  const crosswise = await Promise.allSettled([
    sessions[0].storage.query(add, ['b']).then(() => sessions[0].rollback()),
    sessions[1].storage.query(add, ['a']).then(() => sessions[1].rollback()),
  ]);
  for (const session of sessions) await session.rollback();
  const lost = crosswise.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
  expect(lost).toEqual([expect.objectContaining({ code: '40P01' })]);
  expect(connection.isConflict?.(lost[0])).toBe(true);
  expect(connection.isConflict?.(new Error('no stock', { cause: lost[0] }))).toBe(true);
  expect(connection.isConflict?.(new Error('no stock'))).toBe(false);
});

test('should say that the transaction of a caller was undone, where keys were sent crosswise', async (context) => {
  await using database = await createDatabase(postgres.orSkip(context));
  const pool = database.pool();
  const connection = await connect(pool);
  const clients = [await pool.connect(), await pool.connect()] as const;
  for (const client of clients) await client.query('BEGIN');
  const join = (index: 0 | 1, key: string) =>
    connection.join(clients[index], [operation(key, key)]);
  await join(0, 'A');
  await join(1, 'B');
  const both = [join(0, 'B'), join(1, 'A')].map(async (joined, index) => {
    try {
      await joined;
    } finally {
      await clients[index as 0 | 1].query('ROLLBACK');
    }
  });
  const outcomes = await Promise.allSettled(both);
  for (const client of clients) client.release();
  const lost = outcomes.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
  expect(lost).toEqual([expect.objectContaining({ code: 'TRANSACTION_CONFLICT' })]);
  const failure = await failureOf(Promise.reject(lost[0]));
  expect(failure.message).toContain('undid the transaction');
  expect(failure.message).toContain('same order of keys');
  expect(connection.isConflict?.(failure)).toBe(true);
});
