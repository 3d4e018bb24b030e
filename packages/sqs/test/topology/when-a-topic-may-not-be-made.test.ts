import type { TransportOperation } from '@busbar/core';
import { expect, test } from 'vitest';
import { awsError } from '../../../../test/support/sqs/fault-layer.ts';
import { localQueues } from '../support/local-queues.ts';

const local = localQueues();

function event(topic: string, id: string): TransportOperation {
  return {
    message: { headers: { 'busbar-message-id': id }, body: Buffer.from('{}') },
    destination: { kind: 'topic', topics: [topic] },
  };
}

const denied = (action: string) => async (): Promise<never> => {
  throw awsError('AuthorizationErrorException', `not authorized to perform: ${action}`, 403);
};

test('an event comes that is published right after the first subscription', async () => {
  await using publisher = await local.open();
  publisher.faults.add(/^CreateTopic$/, denied('SNS:CreateTopic'));
  await using subscriber = await local.open();
  const [queue, topic] = [local.name('sales'), local.name('Shop.Opened')];
  await subscriber.connection.queues.provision([{ name: queue }]);
  const [before] = await publisher.connection.dispatch([event(topic, 'before')]);
  expect(before?.outcome).toBe('confirmed');
  await subscriber.connection.subscriptions.subscribe(queue, [topic]);
  const [after] = await publisher.connection.dispatch([event(topic, 'after')]);
  expect(after?.outcome).toBe('confirmed');
  const stored = await subscriber.connection.queues.peek(queue, 10);
  expect(stored.map(({ headers }) => headers['busbar-message-id'])).toEqual(['after']);
});

test('many publishers share the look into the list of topics, and each gets a fresh one', async () => {
  await using publisher = await local.open();
  const { connection, faults } = publisher;
  faults.add(/^CreateTopic$/, denied('SNS:CreateTopic'));
  const topics = Array.from({ length: 20 }, (_, index) => local.name(`Shop.Event${index}`));
  await connection.dispatch(topics.map((topic) => event(topic, topic)));
  expect(faults.count('ListTopics')).toBe(1);
  await connection.dispatch(topics.map((topic) => event(topic, topic)));
  expect(faults.count('ListTopics')).toBe(2);
  expect(faults.count('CreateTopic')).toBe(20);
});

test('an event is not confirmed when the list cannot be read', async () => {
  await using publisher = await local.open({ sendTimeoutMs: 200 });
  const { connection, faults } = publisher;
  faults.add(/^CreateTopic$/, denied('SNS:CreateTopic'));
  faults.add(
    /^ListTopics$/,
    async () => {
      throw awsError('ThrottlingException', 'Rate exceeded', 400);
    },
    1,
  );
  const [unread] = await connection.dispatch([event(local.name('Shop.Opened'), '1')]);
  expect(unread?.outcome).toBe('unknown');
  faults.add(/^ListTopics$/, denied('SNS:ListTopics'));
  const [refused] = await connection.dispatch([event(local.name('Shop.Opened'), '2')]);
  expect(refused).toMatchObject({
    outcome: 'undeliverable',
    reason: expect.stringContaining('SNS:CreateTopic'),
  });
});
