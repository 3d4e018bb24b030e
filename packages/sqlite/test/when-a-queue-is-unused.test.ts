import { DatabaseSync } from 'node:sqlite';
import { expect, test, vi } from 'vitest';
import { Child } from './support/child.ts';
import { connect, receive } from './support/connect.ts';
import { toQueue } from './support/messages.ts';
import { temporaryFile } from './support/temporary-file.ts';
import { until } from './support/within.ts';

vi.setConfig({ testTimeout: 90_000 });

const replies = { name: 'replies', expiresUnusedMs: 200 };
const never = new AbortController().signal;

test('should remove a reply queue that nobody receives, and keep one that is received', async () => {
  using file = temporaryFile();
  await using connection = await connect({ file: file.path });
  await connection.queues.provision([replies, { name: 'lasting' }]);
  const receiver = await receive(connection, 'replies', () => {});
  const gone = async (): Promise<boolean> =>
    (await connection.queues.missing(['replies'])).length > 0;
  const since = performance.now();
  await until(async () => {
    expect(await gone()).toBe(false);
    return performance.now() - since > 600;
  }, 'three times its life has passed');
  await receiver.stop(never);
  await until(gone, 'it is gone');
  expect(await connection.queues.missing(['lasting'])).toEqual([]);
  const results = await connection.dispatch([toQueue('replies')]);
  expect(results).toMatchObject([{ outcome: 'undeliverable' }]);
});

test('should remove the reply queue of a process that died', async () => {
  using file = temporaryFile();
  await using connection = await connect({ file: file.path });
  await connection.queues.provision([{ ...replies, name: 'slow' }]);
  await using child = new Child('slow', file.path);
  await child.report('started');
  expect(await connection.queues.missing(['slow'])).toEqual([]);
  await connection.queues.provision([{ name: 'any' }]);
  // Somebody who receives looks after the dead.
  await receive(connection, 'any', () => {});
  await child.kill();
  await until(async () => (await connection.queues.missing(['slow'])).length > 0, 'it is gone');
});

test('should keep what is left in it, but for what has expired', async () => {
  using file = temporaryFile();
  await using connection = await connect({ file: file.path });
  await connection.queues.provision([{ ...replies, expiresUnusedMs: 1 }]);
  const stale = { ...toQueue('replies', { id: 'stale' }), expiresAt: Date.now() - 1 };
  const large = new Uint8Array(5_000).fill(7);
  await connection.dispatch([
    toQueue('replies', { id: 'due' }),
    toQueue('replies', { id: 'large', body: large }),
    stale,
    toQueue('replies', { id: 'later', deliverAt: Date.now() + 3_600_000 }),
  ]);
  await until(async () => (await connection.queues.missing(['replies'])).length > 0, 'it is gone');
  const left = await connection.queues.peek('busbar.undeliverable', 10);
  expect(left.map(({ headers }) => headers['busbar-message-id'])).toEqual([
    'due',
    'large',
    'later',
  ]);
  expect(left[0]?.headers).toMatchObject({
    'busbar-failed-queue': 'replies',
    'busbar-failure-code': 'UNDELIVERABLE',
  });
  expect(left[1]?.body).toEqual(large);
  expect(connection.health().problem).toContain('busbar.undeliverable');
});

test('should go on with a queue that was removed and made again', async () => {
  using file = temporaryFile();
  const criticals: Error[] = [];
  const host = { onCritical: (error: Error) => criticals.push(error) };
  await using connection = await connect({ file: file.path, pollMs: 20 }, host);
  await connection.queues.provision([{ name: 'queue' }]);
  const handled: (string | undefined)[] = [];
  const receiver = await receive(connection, 'queue', ({ headers }) => {
    handled.push(headers['busbar-message-id']);
  });
  const database = new DatabaseSync(file.path);
  database.exec("DELETE FROM busbar_queues WHERE name = 'queue'");
  database.close();
  await until(() => receiver.health().paused === 'the queue was removed', 'it notices');
  expect(criticals).toMatchObject([{ code: 'MISSING_QUEUE' }]);
  await connection.queues.provision([{ name: 'queue' }]);
  await connection.dispatch([toQueue('queue', { id: 'first of the new one' })]);
  await until(() => handled.length > 0, 'it goes on');
  expect(handled).toEqual(['first of the new one']);
  expect(receiver.health().paused).toBeUndefined();
});
