import { expect, test, vi } from 'vitest';
import { connectInside } from './support/connect.ts';
import { toQueue, toTopics } from './support/messages.ts';
import { temporaryFile } from './support/temporary-file.ts';

vi.setConfig({ testTimeout: 90_000 });

test('should write the sends of one tick in one transaction, each with its own result', async () => {
  using file = temporaryFile();
  const inside = await connectInside({ file: file.path });
  await using connection = inside.connection;
  await connection.queues.provision([{ name: 'one' }, { name: 'two' }]);
  await connection.subscriptions.subscribe('two', ['topic']);
  const commit = vi.spyOn(inside.file, 'commit');
  const outcomes = await Promise.all([
    connection.dispatch([toQueue('one'), toQueue('missing'), toQueue('two')]),
    connection.dispatch([toTopics(['topic', 'other'])]),
    connection.dispatch([toQueue('one', { body: new Uint8Array(65 * 1_024 * 1_024) })]),
    connection.dispatch([toQueue('one', { headers: { long: 'x'.repeat(1_100_000) } })]),
    connection.dispatch([toQueue('one', { deliverAt: Date.now() + 1e12 })]),
    connection.dispatch([]),
    ...Array.from({ length: 50 }, () => connection.dispatch([toQueue('one')])),
  ]);
  expect(commit).toHaveBeenCalledOnce();
  expect(outcomes.slice(0, 6).map((results) => results.map(({ outcome }) => outcome))).toEqual([
    ['confirmed', 'undeliverable', 'confirmed'],
    ['confirmed'],
    ['undeliverable'],
    ['undeliverable'],
    ['undeliverable'],
    [],
  ]);
  const counts = (await connection.queues.list()).map(({ name, ready }) => [name, ready]);
  expect(counts).toEqual([
    ['one', 51],
    ['two', 2],
  ]);
});

test('should keep the order of a large dispatch that takes several transactions', async () => {
  using file = temporaryFile();
  const inside = await connectInside({ file: file.path });
  await using connection = inside.connection;
  await connection.queues.provision([{ name: 'queue' }]);
  const ids = Array.from({ length: 2_345 }, (_, index) => `${index}`);
  const results = await connection.dispatch(ids.map((id) => toQueue('queue', { id })));
  expect(results).toHaveLength(ids.length);
  expect(results.every(({ outcome }) => outcome === 'confirmed')).toBe(true);
  const stored = await connection.queues.peek('queue', 1e6);
  expect(stored.map(({ headers }) => headers['busbar-message-id'])).toEqual(ids);
});

test('should undo only the job that fails', async () => {
  using file = temporaryFile();
  const inside = await connectInside({ file: file.path });
  await using connection = inside.connection;
  const { queues, subscriptions } = connection;
  await queues.provision([{ name: 'queue' }]);
  const commit = vi.spyOn(inside.file, 'commit');
  const [before, failed, sent] = await Promise.allSettled([
    subscriptions.subscribe('queue', ['topic']),
    subscriptions.subscribe('missing', ['topic']),
    connection.dispatch([toTopics(['topic'])]),
  ]);
  expect(before.status).toBe('fulfilled');
  expect(commit).toHaveBeenCalledOnce();
  expect(await subscriptions.list('queue')).toEqual(['topic']);
  expect(await queues.peek('queue', 10)).toHaveLength(1);
  expect(failed).toMatchObject({ status: 'rejected', reason: { code: 'MISSING_QUEUE' } });
  expect(sent).toMatchObject({ status: 'fulfilled', value: [{ outcome: 'confirmed' }] });
});

test('should say that the outcome is unknown when the disk fails in the commit', async () => {
  using file = temporaryFile();
  const inside = await connectInside({ file: file.path }, { onCritical: () => {} });
  await using connection = inside.connection;
  await connection.queues.provision([{ name: 'queue' }]);
  const broken = Object.assign(new Error('disk I/O error'), { errcode: 1_034 });
  vi.spyOn(inside.file, 'commit').mockImplementationOnce(() => {
    throw broken;
  });
  const [result] = await connection.dispatch([toQueue('queue')]);
  expect(result).toMatchObject({
    outcome: 'unknown',
    reason: expect.stringMatching(/bus\.db cannot be read or written/),
  });
  expect(connection.health().connected).toBe(false);
});
