import type { Connection } from 'pg';
import { expect, test } from 'vitest';
import { postgresForTests } from '../../../test/support/postgres/postgres-for-tests.ts';
import { createDatabase } from '../../../test/support/postgres/test-database.ts';
import { connect, failureOf, nothing, open, sessionOf } from './support/connect.ts';

const postgres = await postgresForTests();

test('should say that the database is away, and go on with another one', async (context) => {
  await using database = await createDatabase(postgres.orSkip(context));
  const pool = database.pool({ max: 1 });
  const connection = await connect(pool);
  const uncaught: Error[] = [];
  const note = (error: Error): void => void uncaught.push(error);
  process.on('uncaughtException', note);
  try {
    // With the answer comes the end, as in one segment of a server that shuts down.
    pool.once('acquire', (client: { connection: Connection }) => {
      const wire = client.connection;
      wire.once('readyForQuery', () => {
        const end = Object.assign(new Error('terminating connection'), { code: '57P01' });
        wire.emit('errorMessage', end);
      });
    });
    const looking = connection.outbox.backlog();
    const opening = failureOf(open(connection));
    await looking;
    expect(await opening).toMatchObject({ code: 'PERSISTENCE_UNAVAILABLE' });
    await (await sessionOf(connection)).commit(nothing);
  } finally {
    process.off('uncaughtException', note);
  }
  expect(uncaught).toEqual([]);
});
