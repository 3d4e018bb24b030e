import { DeleteQueueCommand } from '@aws-sdk/client-sqs';
import { silentLogger } from '@busbar/core';
import { expect, test } from 'vitest';
import { type FaultLayer, awsError } from '../../../../test/support/sqs/fault-layer.ts';
import { clientFor, urlOf } from '../../../../test/support/sqs/local-aws.ts';
import { localQueues } from '../support/local-queues.ts';
import { Handled, receive, toQueue } from '../support/open-connection.ts';
import { ScriptedQueue, incoming } from '../support/scripted-queue.ts';

const local = localQueues();

/** The look-up of the queue of delays fails so often. */
function lookUpFails(faults: FaultLayer, error: Error, times = Number.POSITIVE_INFINITY): void {
  let left = times;
  faults.add(/^GetQueueUrl$/, async (input, send) => {
    const { QueueName = '' } = input as { readonly QueueName?: string };
    if (!QueueName.includes('_delay') || left === 0) return send(input);
    left -= 1;
    throw error;
  });
}

const throttling = awsError('ThrottlingException', 'Rate exceeded', 400);

test('a delay that cannot go on is told, and the receiver goes on', async () => {
  const told = Promise.withResolvers<object>();
  const warn = (fields: object, text: string): void => {
    if (text.includes('could not be delayed further')) told.resolve(fields);
  };
  await using opened = await local.open();
  const { connection } = opened;
  const queue = local.name('ordered');
  await connection.queues.provision([{ name: queue, ordered: true }]);
  await using other = await local.open({}, { logger: { ...silentLogger, warn } });
  lookUpFails(other.faults, throttling);
  const scripted = new ScriptedQueue(other.faults);
  const handled = Promise.withResolvers<string>();
  const receiver = await receive(
    other.connection,
    queue,
    ({ delivery }) => handled.resolve(delivery.nativeId),
    { ordered: true },
  );
  const late = incoming('late');
  const due = { DataType: 'Number', StringValue: String(Date.now() + 3_600_000) };
  scripted.answer({ ...late, MessageAttributes: { ...late.MessageAttributes, 'busbar-due': due } });
  expect(await told.promise).toMatchObject({ queue, nativeId: 'late', err: throttling });
  scripted.answer(incoming('next'));
  expect(await handled.promise).toBe('next');
  expect(scripted.deleted).not.toContain('late');
  scripted.end();
  await receiver.stop(AbortSignal.abort());
});

test('delayed messages come when their queue is found after a failure, of which health speaks', async () => {
  await using opened = await local.open();
  const queue = local.name('ordered');
  await opened.connection.queues.provision([{ name: queue, ordered: true }]);
  await using other = await local.open();
  const { connection, criticals, faults } = other;
  lookUpFails(faults, awsError('AccessDeniedException', 'not authorized', 403), 2);
  const handled = new Handled();
  const receiver = await receive(connection, queue, (attempt) => handled.add(attempt), {
    ordered: true,
  });
  while (criticals.length === 0) await new Promise((resolve) => setImmediate(resolve));
  expect(criticals[0]).toMatchObject({ code: 'TRANSPORT_UNAVAILABLE' });
  expect(receiver.health().paused).toMatch(/delayed messages are not brought: AccessDenied/);
  const deliverAt = Date.now() + 1_000;
  await opened.connection.dispatch([toQueue(queue, 'late', { partitionKey: 'a', deliverAt })]);
  await handled.has(1);
  expect(receiver.health().paused).toBeUndefined();
  expect(criticals).toHaveLength(1);
  await receiver.stop(new AbortController().signal);
});

test('an ordered receiver does not start without its queue of delays', async () => {
  await using opened = await local.open();
  const { connection } = opened;
  const queue = local.name('ordered');
  await connection.queues.provision([{ name: queue, ordered: true }]);
  const client = clientFor(local.aws.options);
  const delays = await urlOf(client, `${queue}_delay`);
  await client.send(new DeleteQueueCommand({ QueueUrl: delays }));
  client.destroy();
  await using other = await local.open();
  await expect(receive(other.connection, queue, () => {}, { ordered: true })).rejects.toThrow(
    /"ordered-\d+\.delay".*MISSING_QUEUE/s,
  );
});
