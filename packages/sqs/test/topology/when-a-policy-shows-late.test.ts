import { GetQueueAttributesCommand, SetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { systemClock } from '@busbar/core';
import { expect, test } from 'vitest';
import type { FaultLayer } from '../../../../test/support/sqs/fault-layer.ts';
import { clientFor, urlOf } from '../../../../test/support/sqs/local-aws.ts';
import { topicsIn, withTopics } from '../../src/topology/queue-policy.ts';
import { localQueues } from '../support/local-queues.ts';

const local = localQueues();

interface Attributes {
  readonly QueueUrl?: string;
  readonly AttributeNames?: readonly string[];
  readonly Attributes?: Record<string, string>;
}

/** So many reads after each write show no policy. */
function lateBy(faults: FaultLayer, reads: number): void {
  const left = new Map<string | undefined, number>();
  faults.add(/^SetQueueAttributes$/, async (input, send) => {
    left.set((input as Attributes).QueueUrl, reads);
    return send(input);
  });
  faults.add(/^GetQueueAttributes$/, async (input, send) => {
    const { QueueUrl, AttributeNames = [] } = input as Attributes;
    const output = (await send(input)) as Attributes;
    const hidden = left.get(QueueUrl) ?? 0;
    if (hidden > 0 && AttributeNames.includes('Policy')) {
      left.set(QueueUrl, hidden - 1);
      delete output.Attributes?.['Policy'];
    }
    return output as object;
  });
}

test('what was written is waited for, and not written again from an old read', async () => {
  await using opened = await local.open();
  const { connection, faults } = opened;
  const queue = local.name('billing');
  await connection.queues.provision([{ name: queue }]);
  lateBy(faults, 5);
  await connection.subscriptions.subscribe(queue, ['Sales.OrderPlaced']);
  // That of the queue and that of its dead-letter queue.
  expect(faults.count('SetQueueAttributes')).toBe(2);
  faults.clear();
  expect(await connection.subscriptions.list(queue)).toEqual(['Sales.OrderPlaced']);
});

test('what another process writes at the same time stays, and so does ours', async () => {
  await using opened = await local.open();
  const { connection, faults } = opened;
  const queue = local.name('billing');
  await connection.queues.provision([{ name: queue }]);
  const client = clientFor(local.aws.options);
  const QueueUrl = await urlOf(client, queue);
  const theirs = 'arn:aws:sns:us-east-1:000000000000:Theirs';
  faults.add(/^SetQueueAttributes$/, async (input, send) => {
    const output = await send(input);
    if ((input as Attributes).QueueUrl !== QueueUrl) return output;
    faults.clear();
    // From what was there before ours.
    const Policy = withTopics(undefined, `arn:aws:sqs:us-east-1:000000000000:${queue}`, [theirs]);
    await client.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }));
    return output;
  });
  await connection.subscriptions.subscribe(queue, ['Sales.OrderPlaced']);
  const { Attributes: found = {} } = await client.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['Policy'] }),
  );
  client.destroy();
  expect(topicsIn(found['Policy'])).toEqual([expect.stringMatching(/:Sales_OrderPlaced$/), theirs]);
});

test('a policy that never shows is an error that names the queue', async () => {
  const clock = { ...systemClock, monotonic: () => systemClock.monotonic() * 300 };
  await using opened = await local.open({}, { clock });
  const { connection, faults } = opened;
  const queue = local.name('billing');
  await connection.queues.provision([{ name: queue }]);
  lateBy(faults, Number.POSITIVE_INFINITY);
  await expect(
    connection.subscriptions.subscribe(queue, ['Sales.OrderPlaced']),
  ).rejects.toMatchObject({
    code: 'TRANSPORT_UNAVAILABLE',
    details: { queue: `${queue}.undelivered` },
  });
});
