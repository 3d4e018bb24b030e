import { systemClock } from '@busbar/core';
import { expect, test } from 'vitest';
import { localQueues } from '../support/local-queues.ts';
import { toQueue } from '../support/open-connection.ts';

const local = localQueues();

test('it ends before others get what it holds, moves what it found, and says that it left some', async () => {
  let passed = 0;
  const clock = { ...systemClock, monotonic: () => systemClock.monotonic() + passed };
  const warnings: object[] = [];
  const logger = {
    debug() {},
    info() {},
    error() {},
    warn: (fields: object) => warnings.push(fields),
  };
  await using opened = await local.open({}, { clock, logger });
  const { connection, faults } = opened;
  const [from, to] = [local.name('errors'), local.name('sales')];
  await connection.queues.provision([
    { name: from, use: 'archive' },
    { name: to, use: 'archive' },
  ]);
  const ids = Array.from({ length: 50 }, (_, index) => `m${index}`);
  await connection.dispatch(ids.map((id) => toQueue(from, id)));
  const nativeIds = (await connection.queues.peek(from, 100)).map(({ nativeId }) => nativeId);
  faults.add(/^ReceiveMessage$/, async (input, send) => {
    passed += 30_000;
    return send(input);
  });
  const before = faults.count('ReceiveMessage');
  expect(await connection.queues.move({ from, to, nativeIds })).toBe(30);
  // 30 seconds each, of the 80 that it looks.
  expect(faults.count('ReceiveMessage') - before).toBe(3);
  expect(warnings).toEqual([{ queue: from, notFound: 20, seconds: 80 }]);
  faults.clear();
  expect(await connection.queues.peek(from, 100)).toHaveLength(20);
  expect(await connection.queues.peek(to, 100)).toHaveLength(30);
});
