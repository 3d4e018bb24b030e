import { type Logger, type TransportConnection, silentLogger, systemClock } from '@busbar/core';
import { expect, test } from 'vitest';
import { postgresForTests } from '../../../test/support/postgres/postgres-for-tests.ts';
import { type TestDatabase, createDatabase } from '../../../test/support/postgres/test-database.ts';
import { pgPersistence } from '../src/pg/index.ts';
import { type Connection, operation } from './support/connect.ts';

const postgres = await postgresForTests();
const request = { limit: 10, graceMs: 0, leaseMs: 60_000 };

/** Notes the errors that are logged, with their fields. */
async function connectNoting(
  database: TestDatabase,
): Promise<{ connection: Connection; logged: object[] }> {
  const logged: object[] = [];
  const logger: Logger = {
    ...silentLogger,
    error: (fields: object, message?: string) => void logged.push({ ...fields, message }),
  };
  const connection = await pgPersistence(database.pool()).connect({
    endpoint: 'sales',
    clock: systemClock,
    logger,
    transport: {} as TransportConnection,
  });
  return { connection, logged };
}

async function send(connection: Connection, ...ids: readonly (readonly [string, string?])[]) {
  for (const [id, key] of ids) {
    const session = await connection.begin();
    await session.commit({ operations: [operation(id, key)], sagas: [] });
  }
}

function idsOf(operations: readonly ReturnType<typeof operation>[] = []): unknown[] {
  return operations.map(({ message }) => message.headers['busbar-message-id']);
}

test('should give the records beside one that cannot be read, which stays', async (context) => {
  await using database = await createDatabase(postgres.orSkip(context));
  const { connection, logged } = await connectNoting(database);
  await send(connection, ['a'], ['b'], ['c']);
  const [broken] = await database.rows(
    `UPDATE busbar_outbox SET operations = '{broken'
     WHERE id = (SELECT id FROM busbar_outbox ORDER BY created_at OFFSET 1 LIMIT 1) RETURNING id::text AS id`,
  );
  const records = await connection.outbox.claim(request);
  expect(new Set(records.flatMap(({ operations }) => idsOf(operations)))).toEqual(
    new Set(['a', 'c']),
  );
  expect(logged).toEqual([
    expect.objectContaining({
      endpoint: 'sales',
      record: broken?.['id'],
      err: expect.objectContaining({ code: 'UNDECODABLE' }),
      message: expect.stringContaining('restore the row, or remove it'),
    }),
  ]);
  expect(await database.rows('SELECT 1 FROM busbar_outbox')).toHaveLength(3);
});

test('should give of a lane what comes before a row that cannot be read, and the other lanes whole', async (context) => {
  await using database = await createDatabase(postgres.orSkip(context));
  const { connection, logged } = await connectNoting(database);
  const { outbox } = connection;
  await send(connection, ['a1', 'A'], ['a2', 'A'], ['a3', 'A'], ['b1', 'B']);
  await database.rows(
    `UPDATE busbar_lanes SET operation = '{broken'
     WHERE seq = (SELECT seq FROM busbar_lanes ORDER BY seq OFFSET 1 LIMIT 1)`,
  );
  const lane = await outbox.claimLane({ ...request, key: 'A' });
  expect(idsOf(lane?.operations)).toEqual(['a1']);
  expect(logged).toEqual([expect.objectContaining({ key: 'A', seq: expect.any(String) })]);
  await outbox.settleLane(lane!, 1, 0);
  expect(await outbox.claimLane({ ...request, key: 'A' })).toBeUndefined();
  expect(logged).toHaveLength(2);
  expect(idsOf((await outbox.claimLane(request))?.operations)).toEqual(['b1']);
  expect(await database.rows(`SELECT 1 FROM busbar_lanes WHERE key = 'A'`)).toHaveLength(2);
});

test('should settle a lane after its lease, unless somebody else has it', async (context) => {
  await using database = await createDatabase(postgres.orSkip(context));
  const { connection } = await connectNoting(database);
  const { outbox } = connection;
  const endLease = () =>
    database.rows(`UPDATE busbar_lanes SET claimed_until = now() - interval '1 s'`);
  await send(connection, ['a1', 'A'], ['a2', 'A'], ['a3', 'A']);
  const slow = await outbox.claimLane({ ...request, key: 'A' });
  await endLease();
  await outbox.settleLane(slow!, 1, 0);
  const second = await outbox.claimLane({ ...request, key: 'A' });
  expect(idsOf(second?.operations)).toEqual(['a2', 'a3']);
  await endLease();
  const third = await outbox.claimLane({ ...request, key: 'A' });
  await outbox.settleLane(second!, 2, 0);
  expect(await outbox.claimLane({ ...request, key: 'A' })).toBeUndefined();
  await outbox.settleLane(third!, 1, 0);
  expect(idsOf((await outbox.claimLane({ ...request, key: 'A' }))?.operations)).toEqual(['a3']);
});
