import { setTimeout as after } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { cutOff, everyOtherFails } from '../../../../test/support/sqs/fault-layer.ts';
import { localQueues } from '../support/local-queues.ts';
import { Handled, receive, toQueue } from '../support/open-connection.ts';

const local = localQueues();

test('a message is renewed until its handler ends, and so is one that waits for its turn', async () => {
  await using opened = await local.open({ visibilitySeconds: 1 });
  const { connection, faults } = opened;
  const queue = local.name('slow');
  await connection.queues.provision([{ name: queue }]);
  const handled = new Handled();
  const renewedTwice = faults.seen('ChangeMessageVisibilityBatch', 2);
  await connection.dispatch(
    ['one', 'two', 'three'].map((id) => toQueue(queue, id, { partitionKey: 'key' })),
  );
  const receiver = await receive(connection, queue, async (attempt) => {
    handled.add(attempt);
    if (handled.attempts.length === 1) await renewedTwice;
    expect(attempt.delivery.lost).toBe(false);
  });
  await handled.has(3);
  await receiver.stop(new AbortController().signal);
  expect(handled.ids).toEqual(['one', 'two', 'three']);
  expect(await connection.queues.peek(queue, 10)).toEqual([]);
});

test('the signal of a handler fires when renewing fails until the visibility timeout is over', async () => {
  await using opened = await local.open({ visibilitySeconds: 1 });
  const { connection, faults } = opened;
  const queue = local.name('lost');
  await connection.queues.provision([{ name: queue }]);
  faults.add(/ChangeMessageVisibility/, cutOff);
  const handled = new Handled();
  const reasons: unknown[] = [];
  await receive(connection, queue, async (attempt) => {
    handled.add(attempt);
    if (handled.attempts.length > 1) return;
    const { signal } = attempt.delivery;
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    reasons.push(signal.reason);
  });
  await connection.dispatch([toQueue(queue, 'lost')]);
  await handled.has(2);
  expect(String(reasons[0])).toContain('DELIVERY_LOST');
  expect(handled.attempts[1]?.delivery.deliveryCount).toBe(2);
});

test('a renewal that fails for some of a batch is tried again for those', async () => {
  await using opened = await local.open({ visibilitySeconds: 1 });
  const { connection, faults } = opened;
  const queue = local.name('some');
  await connection.queues.provision([{ name: queue }]);
  faults.add(/ChangeMessageVisibility/, everyOtherFails, 1);
  const handled = new Handled();
  const renewed = faults.seen('ChangeMessageVisibilityBatch', 4);
  const lost: boolean[] = [];
  await receive(connection, queue, async (attempt) => {
    handled.add(attempt);
    await renewed;
    lost.push(attempt.delivery.lost);
  });
  await connection.dispatch(['a', 'b', 'c', 'd'].map((id) => toQueue(queue, id)));
  await handled.has(4);
  await renewed;
  await after(0);
  expect(handled.ids.toSorted()).toEqual(['a', 'b', 'c', 'd']);
  expect(lost).not.toContain(true);
});

test('a renewal beyond what SQS allows in all ends no hold', async () => {
  await using opened = await local.open({ visibilitySeconds: 4 });
  const { connection, faults } = opened;
  const queue = local.name('limit');
  await connection.queues.provision([{ name: queue }]);
  const refused = Promise.withResolvers<void>();
  faults.add(/ChangeMessageVisibility/, async ({ Entries = [] }) => {
    setImmediate(refused.resolve);
    const Code = 'InvalidParameterValue';
    const Message = 'Total VisibilityTimeout for the message is beyond the limit [43200 seconds]';
    return { Failed: Entries.map(({ Id }) => ({ Id, Code, Message, SenderFault: true })) };
  });
  const lost: boolean[] = [];
  const handled = new Handled();
  const receiver = await receive(connection, queue, async (attempt) => {
    await refused.promise;
    lost.push(attempt.delivery.lost);
    handled.add(attempt);
  });
  await connection.dispatch([toQueue(queue, 'long')]);
  await handled.has(1);
  await receiver.stop(new AbortController().signal);
  expect(lost).toEqual([false]);
});
