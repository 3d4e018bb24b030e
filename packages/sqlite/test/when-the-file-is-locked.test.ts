import { DatabaseSync } from 'node:sqlite';
import { expect, test, vi } from 'vitest';
import { connect, receive } from './support/connect.ts';
import { toQueue } from './support/messages.ts';
import { temporaryFile } from './support/temporary-file.ts';
import { until, within } from './support/within.ts';

vi.setConfig({ testTimeout: 90_000 });

/** Takes the write lock, as a forgotten transaction in a database tool does. */
function lock(file: string): { release: () => void } {
  const database = new DatabaseSync(file);
  database.exec('BEGIN IMMEDIATE');
  return { release: () => database.close() };
}

test('should wait for the lock without holding up the event loop', async () => {
  using file = temporaryFile();
  await using connection = await connect({ file: file.path });
  await connection.queues.provision([{ name: 'queue' }]);
  const locked = lock(file.path);
  const since = performance.now();
  const sending = connection.dispatch([toQueue('queue', { id: 'patient' })]);
  const blocks: number[] = [];
  let last = since;
  await until(() => {
    const now = performance.now();
    blocks.push(now - last);
    last = now;
    return now - since > 500;
  }, 'the lock was held for a while');
  locked.release();
  expect(await within(sending, 'the dispatch')).toMatchObject([{ outcome: 'confirmed' }]);
  const busy = blocks.filter((ms) => ms > 8).length;
  expect(Math.max(...blocks)).toBeLessThan(250);
  expect(busy).toBeLessThan(blocks.length / 4);
});

test('should say so when the lock is held for too long, and go on afterwards', async () => {
  using file = temporaryFile();
  const criticals: Error[] = [];
  const options = { file: file.path, busyTimeoutMs: 150 };
  await using connection = await connect(options, { onCritical: (error) => criticals.push(error) });
  await connection.queues.provision([{ name: 'queue' }]);
  const handled = Promise.withResolvers<void>();
  const receiver = await receive(connection, 'queue', () => handled.resolve());
  const locked = lock(file.path);
  const sending = connection.dispatch([toQueue('queue', { id: 'refused' })]);
  await expect(within(sending, 'the dispatch')).rejects.toMatchObject({
    code: 'TRANSPORT_UNAVAILABLE',
    message: expect.stringContaining(file.path),
    details: { trouble: 'busy' },
  });
  await until(() => connection.health().problem !== undefined, 'health says so');
  expect(connection.health()).toMatchObject({
    connected: false,
    problem: expect.stringContaining('locked by another process'),
  });
  expect(receiver.health().paused).toContain('locked by another process');
  expect(criticals).toHaveLength(1);
  locked.release();
  await until(() => connection.health().connected, 'it has recovered');
  await connection.dispatch([toQueue('queue')]);
  await within(handled.promise, 'the next message');
  expect(receiver.health().paused).toBeUndefined();
});
