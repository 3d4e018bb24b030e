import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { postgresForTests } from '../../../test/support/postgres/postgres-for-tests.ts';
import { createDatabase } from '../../../test/support/postgres/test-database.ts';
import { scaled } from '../../../test/support/scale.ts';
import {
  type Connection,
  connect,
  nothing,
  operation,
  open,
  sessionOf,
} from './support/connect.ts';

const postgres = await postgresForTests();

test('should let one of two instances commit a message, with all that belongs to it', async (context) => {
  await using database = await createDatabase(postgres.orSkip(context));
  const instances = [await connect(database.pool()), await connect(database.pool())];
  await database.rows('CREATE TABLE effects (message text, instance int)');
  const messages = Array.from({ length: 100 }, () => randomUUID());

  const outcomes = await Promise.all(
    messages.map(async (message) => {
      // Both have looked before one commits.
      const sessions = await Promise.all(instances.map((instance) => sessionOf(instance, message)));
      return Promise.all(
        sessions.map(async (session, index) => {
          await session.storage.query('INSERT INTO effects VALUES ($1, $2)', [message, index]);
          const operations = [operation(`${message} ${index}`), operation(message, 'key')];
          return session.commit({ operations, sagas: [] }).then(
            () => 'committed',
            (error: { code: string }) => error.code,
          );
        }),
      );
    }),
  );

  for (const both of outcomes) expect([...both].sort()).toEqual(['OUTBOX_CONFLICT', 'committed']);
  const counts = `SELECT (SELECT count(*)::int FROM effects) AS effects,
    (SELECT count(DISTINCT message)::int FROM effects) AS messages,
    (SELECT count(*)::int FROM busbar_outbox) AS outbox,
    (SELECT count(*)::int FROM busbar_lanes) AS lanes`;
  expect(await database.rows(counts)).toEqual([
    { effects: 100, messages: 100, outbox: 100, lanes: 100 },
  ]);
});

test('should make exactly one saga of two messages that start it at the same instant', async (context) => {
  await using database = await createDatabase(postgres.orSkip(context));
  const instances = [await connect(database.pool()), await connect(database.pool())];
  const pairs = scaled('postgres-saga-starts');

  const start = async (connection: Connection, correlation: string): Promise<void> => {
    for (;;) {
      const session = await sessionOf(connection);
      const query = { type: 'S', by: 'correlation', value: correlation, lock: false } as const;
      const found = await session.findSaga(query);
      const saga = { type: 'S', id: found?.id ?? randomUUID(), correlation };
      const version = (found?.version ?? 0) + 1;
      const state = String(Number(found?.state ?? 0) + 1);
      const kind = found === undefined ? 'insert' : 'update';
      const change = { kind, saga: { ...saga, version, state } } as const;
      try {
        await session.commit({ operations: [], sagas: [change] });
        return;
      } catch (error) {
        expect(error).toMatchObject({ code: 'SAGA_CONFLICT' });
      }
    }
  };
  const waiting = Array.from({ length: pairs }, (_, index) => String(index));
  const worker = async (): Promise<void> => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const correlation = next;
      await Promise.all(instances.map((instance) => start(instance, correlation)));
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));

  expect(
    await database.rows(
      'SELECT count(*)::int AS sagas, sum(state::int)::int AS starts FROM busbar_sagas',
    ),
  ).toEqual([{ sagas: pairs, starts: pairs * 2 }]);
}, 120_000);

test('should keep others from a saga that was locked, until the session ends', async (context) => {
  await using database = await createDatabase(postgres.orSkip(context));
  const connection = await connect(database.pool());
  const saga = { type: 'S', id: 'a', correlation: '1', version: 1, state: '0' };
  const first = await sessionOf(connection);
  await first.commit({ operations: [], sagas: [{ kind: 'insert', saga }] });
  const query = { type: 'S', by: 'correlation', value: '1', lock: true } as const;

  // Optimistically nearly all of these would conflict.
  await Promise.all(
    Array.from({ length: 40 }, async () => {
      const session = await sessionOf(connection);
      const found = (await session.findSaga(query))!;
      const changed = { ...found, version: found.version + 1, state: `${Number(found.state) + 1}` };
      await session.commit({ operations: [], sagas: [{ kind: 'update', saga: changed }] });
    }),
  );
  expect(await database.rows('SELECT state, version FROM busbar_sagas')).toEqual([
    { state: '40', version: 41 },
  ]);
});

test('should forget in small batches, while messages are handled', async (context) => {
  await using database = await createDatabase(postgres.orSkip(context));
  const connection = await connect(database.pool({ max: 4 }), { keepDeduplication: '1d' });
  await database.rows(
    `INSERT INTO busbar_handled (endpoint, message_id, handled_at)
     SELECT 'sales', 'old ' || n, now() - interval '2 days' + n * interval '1 second'
     FROM generate_series(1, 4500) AS n`,
  );
  await database.rows(
    `INSERT INTO busbar_handled (endpoint, message_id, handled_at)
     VALUES ('billing', 'old', now() - interval '2 days'), ('sales', 'young', now() - interval '1 hour')`,
  );
  // More than one batch of them is not dispatched yet, and must not end it.
  await database.rows(
    `WITH waiting AS (
       INSERT INTO busbar_outbox (id, endpoint, operations)
       SELECT gen_random_uuid(), 'sales', '[]' FROM generate_series(1, 1500) RETURNING id
     )
     INSERT INTO busbar_handled (endpoint, message_id, outbox_id, handled_at)
     SELECT 'sales', 'waiting ' || id, id, now() - interval '3 days' + random() * interval '1 hour' FROM waiting`,
  );
  const ended = new AbortController();
  const handling = (async () => {
    let handled = 0;
    for (; !ended.signal.aborted; handled += 1) await (await sessionOf(connection)).commit(nothing);
    return handled;
  })();
  const both = [connection.outbox.forget(ended.signal), connection.outbox.forget(ended.signal)];
  const [one = 0, two = 0] = await Promise.all(both);
  ended.abort();

  expect(one + two).toBe(4_500);
  expect(await handling).toBeGreaterThan(0);
  const waiting = `SELECT 1 FROM busbar_handled WHERE message_id LIKE 'waiting %'`;
  expect(await database.rows(waiting)).toHaveLength(1_500);
  const old = `SELECT message_id FROM busbar_handled WHERE message_id IN ('old', 'young')`;
  expect(await database.rows(old)).toHaveLength(2);
  expect(await open(connection, 'young')).toEqual({ state: 'dispatched' });
});
