import { expect, test } from 'vitest';
import { FaultProxy } from '../../../../test/support/rabbitmq/fault-proxy.ts';
import { postgresForTests } from '../../../../test/support/postgres/postgres-for-tests.ts';
import { createDatabase } from '../../../../test/support/postgres/test-database.ts';
import { connect, failureOf, nothing, open, operation, sessionOf } from '../support/connect.ts';

const postgres = await postgresForTests();
const wayMs = 50;

for (const pipeline of [false, true]) {
  test(`should wait for the database twice for a message ${pipeline ? 'in a pipeline' : ''}`, async (context) => {
    await using database = await createDatabase(postgres.orSkip(context));
    await using proxy = await FaultProxy.listen({ to: Number(new URL(database.url).port) });
    const pool = database.pool({ connectionString: proxy.via(database.url), max: 1, pipeline });
    const connection = await connect(pool);
    const changes = { operations: [operation('one')], sagas: [] };
    await (await sessionOf(connection)).commit(changes);

    proxy.latencyMs = wayMs;
    const start = performance.now();
    await (await sessionOf(connection)).commit(changes);
    const trips = (performance.now() - start) / (2 * wayMs);
    expect(trips).toBeGreaterThanOrEqual(1.9);
    expect(trips).toBeLessThan(2.9);
    proxy.latencyMs = 0;
  });
}

test('should go on with the connection whichever statement of a batch failed', async (context) => {
  await using database = await createDatabase(postgres.orSkip(context));
  const pool = database.pool({ max: 1 });
  const connection = await connect(pool);
  await (await sessionOf(connection, 'known')).commit(nothing);
  // What two attempts do that looked before either had committed.
  const session = await sessionOf(connection, 'again');
  await session.storage.query(
    `INSERT INTO busbar_handled (endpoint, message_id) VALUES ('sales', 'again')`,
  );
  expect(await failureOf(session.commit(nothing))).toMatchObject({ code: 'OUTBOX_CONFLICT' });
  await database.rows('ALTER TABLE busbar_handled RENAME TO hidden');
  expect(await failureOf(open(connection))).toMatchObject({ code: 'MISSING_TABLE' });
  await database.rows('ALTER TABLE hidden RENAME TO busbar_handled');
  for (let round = 0; round < 3; round += 1) await (await sessionOf(connection)).commit(nothing);
  expect(await open(connection, 'known')).toEqual({ state: 'dispatched' });
  expect(pool.totalCount).toBe(1);
});

test('should prepare each statement once on a connection', async (context) => {
  await using database = await createDatabase(postgres.orSkip(context));
  const connection = await connect(database.pool({ max: 1 }));
  for (let round = 0; round < 5; round += 1) {
    await (await sessionOf(connection)).commit({ operations: [operation('one')], sagas: [] });
  }
  const session = await sessionOf(connection);
  const { rows } = await session.storage.query<{ name: string }>(
    `SELECT name FROM pg_prepared_statements WHERE name LIKE 'busbar_look_up%' OR name LIKE 'busbar_store%'`,
  );
  await session.rollback();
  expect(rows.map(({ name }) => name.replace(/_[0-9a-f]{12}$/, '')).sort()).toEqual([
    'busbar_look_up',
    'busbar_store_both',
  ]);
});
