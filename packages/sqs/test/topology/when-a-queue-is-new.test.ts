import { systemClock } from '@busbar/core';
import { expect, test } from 'vitest';
import { type Fault, type FaultLayer, awsError } from '../../../../test/support/sqs/fault-layer.ts';
import { localQueues } from '../support/local-queues.ts';
import { Handled, receive, toQueue } from '../support/open-connection.ts';

const local = localQueues();

/** Each kind of call takes a queue for missing that was made before, so many times for each. */
function unknownAtFirst(faults: FaultLayer, calls: RegExp, times: number): void {
  const made = new Map<string, Map<string, number>>();
  const create: Fault = async (input, send) => {
    const output = await send(input);
    made.set(String((output as { QueueUrl?: string }).QueueUrl), new Map());
    return output;
  };
  faults.add(/^CreateQueue$/, create);
  faults.add(calls, async (input, send) => {
    const { QueueUrl, QueueName } = input as { QueueUrl?: string; QueueName?: string };
    const url = QueueUrl ?? [...made.keys()].find((each) => each.endsWith(`/${QueueName}`));
    const seen = url === undefined ? undefined : made.get(url);
    const kind = Object.keys(input).toSorted().join();
    const count = seen?.get(kind) ?? 0;
    if (seen === undefined || count >= times) return send(input);
    seen.set(kind, count + 1);
    throw awsError('QueueDoesNotExist', 'The specified queue does not exist.', 400);
  });
}

test('it is provisioned, sent to and received from, although SQS does not know it everywhere yet', async () => {
  await using opened = await local.open();
  const { connection, faults, criticals } = opened;
  unknownAtFirst(faults, /^(?:GetQueueUrl|GetQueueAttributes|ReceiveMessage|SendMessageBatch)$/, 2);
  const queue = local.name('sales');
  await connection.queues.provision([{ name: queue }]);
  expect(await connection.queues.missing([queue])).toEqual([]);
  const handled = new Handled();
  await receive(connection, queue, (attempt) => handled.add(attempt));
  const [sent] = await connection.dispatch([toQueue(queue, 'm1')]);
  expect(sent?.outcome).toBe('confirmed');
  await handled.has(1);
  expect(criticals).toEqual([]);
});

test('one that stays unknown is an error of ours, and names the queue', async () => {
  const clock = { ...systemClock, monotonic: () => systemClock.monotonic() * 20 };
  await using opened = await local.open({}, { clock });
  const { connection, faults } = opened;
  unknownAtFirst(faults, /^GetQueueAttributes$/, Number.POSITIVE_INFINITY);
  const queue = local.name('sales');
  const provisioning = connection.queues.provision([{ name: queue, use: 'archive' }]);
  await expect(provisioning).rejects.toMatchObject({ code: 'MISSING_QUEUE', details: { queue } });
});

test('one that was deleted is missing at once', async () => {
  await using opened = await local.open();
  const { connection, faults } = opened;
  const queue = local.name('sales');
  await connection.queues.provision([{ name: queue, use: 'archive' }]);
  await connection.queues.remove([queue]);
  const before = faults.count('GetQueueUrl');
  expect(await connection.queues.missing([queue])).toEqual([queue]);
  // Both names, once.
  expect(faults.count('GetQueueUrl') - before).toBe(2);
});

test('a failure to look it up names what was done and the right that it takes', async () => {
  await using opened = await local.open();
  const { connection, faults } = opened;
  faults.add(/^GetQueueUrl$/, async () => {
    throw awsError('AccessDeniedException', 'not authorized to perform: sqs:GetQueueUrl', 403);
  });
  const queue = local.name('sales');
  await expect(connection.queues.provision([{ name: queue }])).rejects.toMatchObject({
    code: 'TRANSPORT_UNAVAILABLE',
    details: { action: 'sqs:GetQueueUrl' },
  });
});
