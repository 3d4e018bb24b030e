import { expect, test } from 'vitest';
import {
  type Fault,
  answerLost,
  awsError,
  cutOff,
  everyOtherFails,
  expired,
} from '../../../../test/support/sqs/fault-layer.ts';
import { localQueues } from '../support/local-queues.ts';
import { Handled, receive, toQueue } from '../support/open-connection.ts';

const local = localQueues();

test('a message that was handled and not deleted in time is deleted when it comes again', async () => {
  await using opened = await local.open({ visibilitySeconds: 1 });
  const { connection, faults } = opened;
  const queue = local.name('kept');
  await connection.queues.provision([{ name: queue }]);
  // All that the deletion tries; by the last the visibility timeout is over.
  faults.add(/DeleteMessageBatch/, cutOff, 6);
  faults.add(/ChangeMessageVisibility/, cutOff);
  const handled = new Handled();
  const receiver = await receive(connection, queue, (attempt) => handled.add(attempt));
  const deleted = faults.seen('DeleteMessageBatch', 7);
  await connection.dispatch([toQueue(queue, 'once')]);
  await deleted;
  await receiver.stop(new AbortController().signal);
  expect(handled.ids).toEqual(['once']);
  expect(await connection.queues.peek(queue, 10)).toEqual([]);
});

test.each([
  ['some of a batch fail', everyOtherFails],
  ['the answer is lost', answerLost],
])('nothing is handled twice or left when %s', async (_what, fault) => {
  await using opened = await local.open();
  const { connection, faults } = opened;
  const queue = local.name('partly');
  await connection.queues.provision([{ name: queue }]);
  faults.add(/DeleteMessageBatch/, fault, 2);
  const handled = new Handled();
  const receiver = await receive(connection, queue, (attempt) => handled.add(attempt));
  const ids = Array.from({ length: 20 }, (_, index) => `m-${index}`);
  await connection.dispatch(ids.map((id) => toQueue(queue, id)));
  await handled.has(20);
  await receiver.stop(new AbortController().signal);
  expect(handled.ids.toSorted()).toEqual(ids.toSorted());
  expect(await connection.queues.peek(queue, 10)).toEqual([]);
});

test('nothing more is handled while AWS allows no deletion, of which the host is told', async () => {
  await using opened = await local.open({ visibilitySeconds: 1 });
  const { connection, criticals, faults } = opened;
  const queue = local.name('refused');
  await connection.queues.provision([{ name: queue }]);
  const denied: Fault = async () => {
    throw awsError('AccessDeniedException', 'not authorized', 403);
  };
  faults.add(/DeleteMessageBatch/, denied, 2);
  const handled = new Handled();
  const hits: (number | undefined)[] = [];
  const receiver = await receive(connection, queue, (attempt) => {
    hits.push(faults.hits.get('DeleteMessageBatch'));
    handled.add(attempt);
  });
  const refused = faults.seen('DeleteMessageBatch', 1);
  await connection.dispatch([toQueue(queue, 'one')]);
  await refused;
  while (criticals.length === 0) await new Promise((resolve) => setImmediate(resolve));
  expect(criticals[0]).toMatchObject({ code: 'TRANSPORT_UNAVAILABLE' });
  expect(receiver.health().paused).toMatch(/cannot be deleted: AccessDenied/);
  await connection.dispatch([toQueue(queue, 'two')]);
  await handled.has(2);
  await receiver.stop(new AbortController().signal);
  expect(handled.ids).toEqual(['one', 'two']);
  expect(hits).toEqual([undefined, 2]);
  expect(criticals).toHaveLength(1);
  expect(await connection.queues.peek(queue, 10)).toEqual([]);
});

test('a stop does not wait until AWS allows deletions', async () => {
  await using opened = await local.open();
  const { connection, criticals, faults } = opened;
  const queue = local.name('refused');
  await connection.queues.provision([{ name: queue }]);
  faults.add(/DeleteMessageBatch/, expired);
  const receiver = await receive(connection, queue, () => {});
  await connection.dispatch([toQueue(queue, 'one')]);
  while (criticals.length === 0) await new Promise((resolve) => setImmediate(resolve));
  await receiver.stop(new AbortController().signal);
  expect(receiver.health().paused).toBeUndefined();
});
