import { describe, expect, test } from 'vitest';
import {
  type PrivatePostgres,
  startPrivatePostgres,
} from '../../../test/support/postgres/private-postgres.ts';
import { postgresForTests } from '../../../test/support/postgres/postgres-for-tests.ts';
import { type TestDatabase, createDatabase } from '../../../test/support/postgres/test-database.ts';
import { reservePorts } from '../../../test/support/rabbitmq/reserved-ports.ts';
import { until } from '../../../test/support/rabbitmq/bounded-wait.ts';
import { connect, failureOf, nothing, open, operation, sessionOf } from './support/connect.ts';

const postgres = await postgresForTests();
const changes = { operations: [operation('one')], sagas: [] } as const;

async function cut(database: TestDatabase): Promise<void> {
  await database.rows(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid()`,
  );
}

describe('when connections are cut', () => {
  test('should commit nothing of a session, and handle its message on another connection', async (context) => {
    await using database = await createDatabase(postgres.orSkip(context));
    const connection = await connect(database.pool({ max: 2 }));
    await database.rows('CREATE TABLE orders (id text)');
    for (const when of ['before the commit', 'while a statement runs']) {
      const session = await sessionOf(connection, 'm');
      await session.storage.query(`INSERT INTO orders VALUES ('${when}')`);
      const running =
        when === 'before the commit' ? undefined : session.storage.query('SELECT pg_sleep(30)');
      const failing = running === undefined ? undefined : failureOf(running);
      if (failing !== undefined) {
        await until(10_000, 'the statement to run', async () => {
          const rows = await database.rows(
            `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'`,
          );
          return rows.length === 1;
        });
      }
      await cut(database);
      if (failing !== undefined) expect(connection.isOutage?.(await failing)).toBe(true);
      const failure = await failureOf(session.commit(changes));
      expect(failure).toMatchObject({ code: 'PERSISTENCE_UNAVAILABLE' });
      expect(connection.isOutage?.(failure)).toBe(true);
    }
    expect(await database.rows('SELECT * FROM orders')).toEqual([]);
    await (await sessionOf(connection, 'm')).commit(changes);
    expect((await open(connection, 'm')).state).toBe('stored');
  });

  test('should survive it while connections are idle', async (context) => {
    await using database = await createDatabase(postgres.orSkip(context));
    const pool = database.pool({ max: 3 });
    const connection = await connect(pool);
    await (await sessionOf(connection, 'm')).commit(nothing);
    await cut(database);
    await until(10_000, 'an empty pool', () => pool.totalCount === 0);
    expect(await open(connection, 'm')).toEqual({ state: 'dispatched' });
  });

  test('should note what was dispatched when the connections are back', async (context) => {
    await using database = await createDatabase(postgres.orSkip(context));
    const pool = database.pool({ max: 1 });
    const connection = await connect(pool);
    const { record } = await (await sessionOf(connection)).commit(changes);
    // The marks wait for this one, and it breaks.
    const held = await sessionOf(connection);
    connection.outbox.markDispatched(record!);
    await cut(database);
    await failureOf(held.commit(nothing));
    await connection.close();
    expect(await database.rows('SELECT * FROM busbar_outbox')).toEqual([]);
  });
});

describe('when the server goes away', () => {
  const ways: Record<string, (server: PrivatePostgres) => Promise<void>> = {
    'is stopped': (server) => server.stop('fast'),
    'is stopped at once': (server) => server.stop('immediate'),
    crashes: (server) => server.kill(),
  };
  for (const [how, end] of Object.entries(ways)) {
    test(`should say so, keep what was committed and recover, when it ${how}`, async (context) => {
      postgres.orSkip(context);
      await using server = await startPrivatePostgres();
      const database = await createDatabase(server);
      const pool = database.pool({ max: 4 });
      const connection = await connect(pool);
      const { record } = await (await sessionOf(connection, 'before')).commit(changes);
      const during = await sessionOf(connection, 'during');
      connection.outbox.markDispatched(record!);
      await end(server);

      for (const failing of [
        () => during.commit(changes),
        () => open(connection),
        () => connection.begin(),
      ]) {
        const failure = await failureOf(failing());
        expect(failure).toMatchObject({ code: 'PERSISTENCE_UNAVAILABLE' });
        expect(connection.isOutage?.(failure)).toBe(true);
      }
      expect(connection.health?.().problem).toContain(`127.0.0.1:${server.port}/${database.name}`);

      await server.start();
      await (await sessionOf(connection, 'during')).commit(changes);
      expect(connection.health?.()).toEqual({});
      await until(10_000, 'the mark of the first message', async () => {
        return (await open(connection, 'before')).state === 'dispatched';
      });
      expect((await open(connection, 'during')).state).toBe('stored');
      await connection.close();
      await database[Symbol.asyncDispose]();
    }, 60_000);
  }
});

describe('when the database cannot be reached at the start', () => {
  test('should name it without the password', async (context) => {
    await using database = await createDatabase(postgres.orSkip(context));
    const { ports, release } = await reservePorts(1);
    const where = `127.0.0.1:${ports[0]}/shop`;
    for (const pool of [
      database.pool({ connectionString: `postgres://app:s3cret@${where}?sslpassword=s3cret` }),
      database.pool({
        connectionString: undefined,
        host: '127.0.0.1',
        port: ports[0]!,
        database: 'shop',
        password: 's3cret',
      }),
    ]) {
      const failure = await failureOf(connect(pool));
      expect(failure).toMatchObject({ code: 'PERSISTENCE_UNAVAILABLE' });
      expect(failure.message).toContain(where);
      expect(failure.message).not.toContain('s3cret');
    }
    release();
  });

  test('should say that the database does not exist', async (context) => {
    await using database = await createDatabase(postgres.orSkip(context));
    const url = new URL(database.url);
    url.pathname = '/no_such_shop';
    const failure = await failureOf(connect(database.pool({ connectionString: url.href })));
    expect(failure).toMatchObject({ code: 'PERSISTENCE_UNAVAILABLE' });
    expect(failure.message).toContain('database "no_such_shop" does not exist');
  });
});
