import { expect, test } from 'vitest';
import { postgresForTests } from '../../../test/support/postgres/postgres-for-tests.ts';
import { createDatabase } from '../../../test/support/postgres/test-database.ts';
import { connect, failureOf, nothing, open, operation, sessionOf } from './support/connect.ts';

const postgres = await postgresForTests();

for (const pipeline of [false, true]) {
  test(`should queue for one connection, and end, with sixteen messages at a time ${pipeline ? 'and a pipeline' : ''}`, async (context) => {
    await using database = await createDatabase(postgres.orSkip(context));
    const pool = database.pool({ max: 1, pipeline });
    const connection = await connect(pool);
    await database.rows('CREATE TABLE orders (id text PRIMARY KEY)');
    const messages = Array.from({ length: 160 }, (_, index) => `m${index}`);
    const request = { limit: 10, graceMs: 60_000, leaseMs: 60_000 };
    const { outbox } = connection;

    const handle = async (): Promise<void> => {
      for (let id = messages.pop(); id !== undefined; id = messages.pop()) {
        const session = await sessionOf(connection, id);
        await session.findSaga({ type: 'S', by: 'correlation', value: id, lock: true });
        await session.storage.query('INSERT INTO orders VALUES ($1)', [id]);
        const saga = { type: 'S', id, correlation: id, version: 1, state: '{}' };
        const operations = [operation(id), operation(id, 'key')];
        const { record } = await session.commit({ operations, sagas: [{ kind: 'insert', saga }] });
        outbox.markDispatched(record!);
        const lane = await outbox.claimLane({ ...request, key: 'key' });
        if (lane !== undefined) await outbox.settleLane(lane, lane.operations.length, 0);
        await outbox.claim(request);
        await outbox.forget(AbortSignal.timeout(10_000));
        await outbox.backlog();
      }
    };
    await Promise.all(Array.from({ length: 16 }, handle));
    await connection.close();

    expect(pool.totalCount).toBe(1);
    expect(pool.waitingCount).toBe(0);
    const counts = `SELECT (SELECT count(*)::int FROM orders) AS orders,
      (SELECT count(*)::int FROM busbar_sagas) AS sagas,
      (SELECT count(*)::int FROM busbar_handled) AS handled,
      (SELECT count(*)::int FROM busbar_outbox) AS outbox`;
    expect(await database.rows(counts)).toEqual([
      { orders: 160, sagas: 160, handled: 160, outbox: 0 },
    ]);
  });
}

test('should give the connection back whatever becomes of a session', async (context) => {
  await using database = await createDatabase(postgres.orSkip(context));
  const connection = await connect(database.pool({ max: 1 }));
  const saga = { type: 'S', id: 'a', correlation: undefined, version: 5, state: '{}' };

  await (await sessionOf(connection, 'committed')).commit(nothing);
  await (await sessionOf(connection)).rollback();
  expect(await open(connection, 'committed')).toEqual({ state: 'dispatched' });
  const update = { operations: [], sagas: [{ kind: 'update', saga }] } as const;
  expect(await failureOf((await sessionOf(connection)).commit(update))).toMatchObject({
    code: 'SAGA_CONFLICT',
  });
  const ended = await sessionOf(connection);
  await ended.storage.query('COMMIT');
  expect(await failureOf(ended.commit(nothing))).toMatchObject({ code: 'TRANSACTION_ENDED' });
  const swallowing = await sessionOf(connection);
  await failureOf(swallowing.storage.query('SELECT nonsense'));
  await failureOf(swallowing.commit(nothing));
  await (await connection.begin()).commit({ operations: [operation('sent')], sagas: [] });
  await (await sessionOf(connection)).commit(nothing);
});

test('should wait no longer for a connection than the pool allows, and say that it is away', async (context) => {
  await using database = await createDatabase(postgres.orSkip(context));
  const connection = await connect(database.pool({ max: 1, connectionTimeoutMillis: 1_000 }));
  const held = await sessionOf(connection);
  const failure = await failureOf(sessionOf(connection));
  expect(failure).toMatchObject({ code: 'PERSISTENCE_UNAVAILABLE' });
  expect(failure.message).toContain('Raise the size of the pool');
  expect(connection.isOutage?.(failure)).toBe(true);
  await held.commit(nothing);
  await (await sessionOf(connection)).commit(nothing);
  expect(connection.health?.()).toEqual({});
});
