import { describe, expect, test } from 'vitest';
import { postgresForTests } from '../../../test/support/postgres/postgres-for-tests.ts';
import { type TestDatabase, createDatabase } from '../../../test/support/postgres/test-database.ts';
import { until } from '../../../test/support/rabbitmq/bounded-wait.ts';
import { connect, failureOf, nothing, open, operation, sessionOf } from './support/connect.ts';

const postgres = await postgresForTests();
const saga = { type: 'S', id: 'a', correlation: '1', version: 1, state: '{}' };
const everything = {
  operations: [operation('direct'), operation('keyed', 'k')],
  sagas: [{ kind: 'insert', saga }],
} as const;

/** That nothing of ours, nor of the user's, is stored. */
async function expectNothing(database: TestDatabase): Promise<void> {
  const counts = `SELECT (SELECT count(*)::int FROM busbar_handled) AS handled,
    (SELECT count(*)::int FROM busbar_outbox) AS outbox,
    (SELECT count(*)::int FROM busbar_lanes) AS lanes,
    (SELECT count(*)::int FROM busbar_sagas) AS sagas`;
  expect(await database.rows(counts)).toEqual([{ handled: 0, outbox: 0, lanes: 0, sagas: 0 }]);
}

describe('when the handler ends the transaction itself', () => {
  const ways: Record<string, readonly string[]> = {
    'by a commit': ['COMMIT'],
    'by a rollback': ['ROLLBACK'],
    'and begins another': ['COMMIT', 'BEGIN'],
    'and begins another in one text': ['COMMIT; BEGIN'],
    'by a commit and chain': ['COMMIT AND CHAIN'],
  };
  for (const [how, texts] of Object.entries(ways)) {
    test(`should store nothing, ${how}`, async (context) => {
      await using database = await createDatabase(postgres.orSkip(context));
      const connection = await connect(database.pool({ max: 1 }));
      for (const changes of [everything, { ...everything, operations: [] }, nothing]) {
        const session = await sessionOf(connection);
        for (const text of texts) await session.storage.query(text);
        const failure = await failureOf(session.commit(changes));
        expect(failure).toMatchObject({ code: 'TRANSACTION_ENDED' });
        await expectNothing(database);
      }
    });
  }

  test('should notice it in a session, too', async (context) => {
    await using database = await createDatabase(postgres.orSkip(context));
    const connection = await connect(database.pool({ max: 1 }));
    const session = await connection.begin();
    await session.storage.query('COMMIT');
    const failure = await failureOf(session.commit({ ...everything, sagas: [] }));
    expect(failure).toMatchObject({ code: 'TRANSACTION_ENDED' });
    await expectNothing(database);
  });

  test('should refuse to give the connection back, and go on', async (context) => {
    await using database = await createDatabase(postgres.orSkip(context));
    const connection = await connect(database.pool({ max: 1 }));
    const session = await sessionOf(connection, 'm');
    expect(() => session.storage.release()).toThrow('[TRANSACTION_ENDED]');
    await session.commit(nothing);
    expect(await open(connection, 'm')).toEqual({ state: 'dispatched' });
  });
});

describe('when a statement fails', () => {
  test('should say that the handler went on after an error', async (context) => {
    await using database = await createDatabase(postgres.orSkip(context));
    const connection = await connect(database.pool());
    for (const changes of [everything, nothing]) {
      const session = await sessionOf(connection);
      await failureOf(session.storage.query('SELECT * FROM missing'));
      const failure = await failureOf(session.commit(changes));
      expect(failure).toMatchObject({ code: 'TRANSACTION_ENDED' });
      expect(failure.message).toContain('SAVEPOINT');
    }
    await expectNothing(database);
  });

  test('should commit after an error behind a savepoint', async (context) => {
    await using database = await createDatabase(postgres.orSkip(context));
    const connection = await connect(database.pool());
    const session = await sessionOf(connection, 'm');
    await session.storage.query('SAVEPOINT before');
    await failureOf(session.storage.query('SELECT * FROM missing'));
    await session.storage.query('ROLLBACK TO before');
    await session.commit(everything);
    expect((await open(connection, 'm')).state).toBe('stored');
  });

  test("should hand on the user's own error, from a constraint that is checked at the commit", async (context) => {
    await using database = await createDatabase(postgres.orSkip(context));
    const connection = await connect(database.pool());
    await database.rows(
      'CREATE TABLE seats (seat int, CONSTRAINT one_each UNIQUE (seat) DEFERRABLE INITIALLY DEFERRED)',
    );
    const session = await sessionOf(connection);
    await session.storage.query('INSERT INTO seats VALUES (1), (1)');
    const failure = await failureOf(session.commit(everything));
    expect(failure).toMatchObject({ code: '23505', constraint: 'one_each' });
    expect(connection.isOutage?.(failure)).toBe(false);
    await expectNothing(database);
  });

  test('should hand on that a statement took too long, and keep the database in use', async (context) => {
    await using database = await createDatabase(postgres.orSkip(context));
    const connection = await connect(database.pool({ statement_timeout: 100 }));
    const session = await sessionOf(connection);
    const failure = await failureOf(session.storage.query('SELECT pg_sleep(30)'));
    expect(failure).toMatchObject({ code: '57014' });
    expect(connection.isOutage?.(failure)).toBe(false);
    await session.rollback();
    await (await sessionOf(connection)).commit(everything);
  });

  test('should retry at once what collided in serializable transactions', async (context) => {
    await using database = await createDatabase(postgres.orSkip(context));
    const options = '-c default_transaction_isolation=serializable';
    const connection = await connect(database.pool({ options }));
    await database.rows('CREATE TABLE counters (name text, value int)');
    await database.rows(`INSERT INTO counters VALUES ('a', 1), ('b', 1)`);
    const sessions = [await sessionOf(connection), await sessionOf(connection)];
    const names = ['a', 'b'];
    for (const session of sessions) await session.storage.query('SELECT sum(value) FROM counters');
    for (const [index, session] of sessions.entries()) {
      const set = 'UPDATE counters SET value = value + 1 WHERE name = $1';
      await session.storage.query(set, [names[index]]);
    }
    await sessions[0]!.commit({ operations: [operation('a')], sagas: [] });
    const failure = await failureOf(
      sessions[1]!.commit({ operations: [operation('b')], sagas: [] }),
    );
    expect(failure).toMatchObject({ code: 'TRANSACTION_CONFLICT' });
    expect(await database.rows('SELECT value FROM counters ORDER BY name')).toEqual([
      { value: 2 },
      { value: 1 },
    ]);
  });

  test('should blame the handler, not the database, when its transaction stood still for too long', async (context) => {
    await using database = await createDatabase(postgres.orSkip(context));
    await connect(database.pool());
    const pool = database.pool({ idle_in_transaction_session_timeout: 500 });
    const connection = await connect(pool);
    const session = await sessionOf(connection);
    await until(10_000, 'the end of the connection', () => hasNoSessions(database));
    const failure = await failureOf(session.commit(everything));
    expect(failure).toMatchObject({ code: 'TRANSACTION_ENDED' });
    expect(failure.message).toContain('idle_in_transaction_session_timeout');
    expect(connection.isOutage?.(failure)).toBe(false);
    await (await sessionOf(connection)).commit(everything);
  });
});

async function hasNoSessions(database: TestDatabase): Promise<boolean> {
  const rows = await database.rows(
    `SELECT 1 FROM pg_stat_activity
     WHERE datname = current_database() AND state LIKE 'idle in transaction%'`,
  );
  return rows.length === 0;
}
