import { existsSync } from 'node:fs';
import pg from 'pg';
import { expect, test } from 'vitest';
import { until, within } from '../rabbitmq/bounded-wait.ts';
import { findPrograms } from './postgres-programs.ts';
import { startPrivatePostgres } from './private-postgres.ts';
import { createDatabase } from './test-database.ts';

const missing = await findPrograms().then(
  () => undefined,
  (error: Error) => error.message,
);

test('should keep its data and its port over stops and crashes, and leave nothing behind', async (context) => {
  context.skip(missing !== undefined, missing);
  const server = await startPrivatePostgres({ conf: `log_line_prefix = 'mine '` });
  const database = await createDatabase(server);
  await database.rows('CREATE TABLE kept (n int)');
  const ways = [
    () => server.restart('fast'),
    () => server.restart('immediate'),
    async () => {
      await server.kill();
      expect(server.running).toBe(false);
      await server.start();
    },
  ];
  for (const [index, way] of ways.entries()) {
    await database.rows('INSERT INTO kept VALUES ($1)', [index]);
    await way();
    const kept = async (): Promise<number> => (await database.rows('SELECT n FROM kept')).length;
    // The pool has yet to notice which of its connections are gone.
    await until(10_000, 'an answer', () =>
      kept()
        .then((n) => n === index + 1)
        .catch(() => false),
    );
  }
  expect(server.log).toContain('mine LOG:');
  await database[Symbol.asyncDispose]();
  await server.destroy();
  expect(existsSync(server.folder)).toBe(false);
}, 60_000);

test('should say nothing while it is paused', async (context) => {
  context.skip(missing !== undefined, missing);
  await using server = await startPrivatePostgres();
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  server.pause();
  const answer = client.query('SELECT 1');
  await expect(within(200, 'an answer', answer)).rejects.toThrow('Not within 200 ms: an answer');
  server.resume();
  expect((await answer).rowCount).toBe(1);
  await client.end();
}, 60_000);
