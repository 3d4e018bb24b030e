import { headerNames } from '@busbar/core';
import { expect, test } from 'vitest';
import { localQueues } from '../support/local-queues.ts';
import { Handled, receive, toQueue } from '../support/open-connection.ts';

const local = localQueues();
const noDeadline = (): AbortSignal => new AbortController().signal;

test('a message sent twice within five minutes comes once, its retry and its replay come again', async () => {
  await using opened = await local.open();
  const { connection } = opened;
  const [queue, errors] = [local.name('ordered'), local.name('errors')];
  await connection.queues.provision([{ name: queue, ordered: true }, { name: errors }]);
  const key = { partitionKey: 'key' };
  await connection.dispatch([toQueue(queue, 'same', key)]);
  // As a sender does whose confirmation was lost.
  await connection.dispatch([toQueue(queue, 'same', key)]);
  await connection.dispatch([
    toQueue(queue, 'same', { ...key, headers: { [headerNames.copy]: '1' } }),
  ]);
  const handled = new Handled();
  const receiver = await receive(connection, queue, (attempt) => handled.add(attempt), {
    ordered: true,
  });
  await handled.has(2);
  for (const round of [1, 2]) {
    await connection.dispatch([
      toQueue(errors, 'same', { ...key, headers: { [headerNames.copy]: '1' } }),
    ]);
    const nativeIds = (await connection.queues.peek(errors, 10)).map(({ nativeId }) => nativeId);
    expect(await connection.queues.move({ from: errors, to: queue, nativeIds })).toBe(1);
    await handled.has(2 + round);
  }
  await receiver.stop(noDeadline());
  expect(handled.attempts.map(({ headers }) => headers[headerNames.copy] ?? '0')).toEqual([
    '0',
    '1',
    '1',
    '1',
  ]);
});

test('a delayed retry within five minutes is not swallowed on its way through the queue of delays', async () => {
  await using opened = await local.open();
  const { connection } = opened;
  const queue = local.name('retried');
  await connection.queues.provision([{ name: queue, ordered: true }]);
  const handled = new Handled();
  const receiver = await receive(
    connection,
    queue,
    async (attempt) => {
      handled.add(attempt);
      const copy = Number(attempt.headers[headerNames.copy] ?? '0');
      if (copy === 2) return;
      const deliverAt = Date.now() + 200;
      const headers = { [headerNames.copy]: String(copy + 1) };
      await connection.dispatch([
        toQueue(queue, 'same', { partitionKey: 'key', deliverAt, headers }),
      ]);
    },
    { ordered: true },
  );
  await connection.dispatch([toQueue(queue, 'same', { partitionKey: 'key' })]);
  await handled.has(3);
  await receiver.stop(noDeadline());
  expect(handled.ids).toEqual(['same', 'same', 'same']);
});

test('groups go on in parallel, also those that came with one receive', async () => {
  await using opened = await local.open();
  const { connection } = opened;
  const queue = local.name('parallel');
  await connection.queues.provision([{ name: queue, ordered: true }]);
  const ids = Array.from({ length: 10 }, (_, index) => `m-${index}`);
  await connection.dispatch(ids.map((id) => toQueue(queue, id, { partitionKey: id })));
  const handled = new Handled();
  const receiver = await receive(
    connection,
    queue,
    async (attempt) => {
      handled.add(attempt);
      // None ends before all have begun.
      await handled.has(10);
    },
    { ordered: true, concurrency: 10 },
  );
  await handled.has(10);
  await receiver.stop(noDeadline());
});

test('an ordered receiver refuses a queue that keeps no order', async () => {
  await using opened = await local.open();
  const { connection } = opened;
  const queue = local.name('standard');
  await connection.queues.provision([{ name: queue }]);
  await expect(receive(connection, queue, () => {}, { ordered: true })).rejects.toThrow(
    /standard queue.*UNSUPPORTED_BY_TRANSPORT/s,
  );
  await expect(connection.queues.provision([{ name: queue, ordered: true }])).rejects.toThrow(
    /"standard-\d+".*INVALID_CONFIGURATION/s,
  );
});

test('an ordered event reaches ordered and standard subscribers, once each and in order', async () => {
  await using opened = await local.open();
  const { connection } = opened;
  const [fifo, standard, topic] = [
    local.name('fifo'),
    local.name('plain'),
    local.name('Shop.Moved'),
  ];
  await connection.queues.provision([{ name: fifo, ordered: true }, { name: standard }]);
  await connection.subscriptions.subscribe(fifo, [topic]);
  await connection.subscriptions.subscribe(standard, [topic]);
  const byQueue = new Map([fifo, standard].map((queue) => [queue, new Handled()]));
  for (const [queue, handled] of byQueue) {
    await receive(connection, queue, (attempt) => handled.add(attempt), {
      ordered: queue === fifo,
    });
  }
  for (const id of ['1', '2', '3']) {
    const { message, partitionKey } = toQueue('', id, { partitionKey: 'key' });
    const destination = { kind: 'topic' as const, topics: [topic], ordered: true };
    const results = await connection.dispatch([
      { message, destination, ...(partitionKey !== undefined && { partitionKey }) },
    ]);
    expect(results).toEqual([expect.objectContaining({ outcome: 'confirmed' })]);
  }
  for (const handled of byQueue.values()) await handled.has(3);
  expect(byQueue.get(fifo)?.ids).toEqual(['1', '2', '3']);
  expect(byQueue.get(standard)?.ids.toSorted()).toEqual(['1', '2', '3']);
});
