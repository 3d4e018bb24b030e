import {
  GetSubscriptionAttributesCommand,
  ListSubscriptionsCommand,
  SNSClient,
} from '@aws-sdk/client-sns';
import { CreateQueueCommand, GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { expect, test } from 'vitest';
import { clientFor, urlOf } from '../../../../test/support/sqs/local-aws.ts';
import { allows } from '../../src/topology/queue-policy.ts';
import { localQueues } from '../support/local-queues.ts';

const local = localQueues();

async function attributesOf(name: string): Promise<Readonly<Record<string, string>>> {
  const client = clientFor(local.aws.options);
  const QueueUrl = await urlOf(client, name);
  const { Attributes = {} } = await client.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }),
  );
  client.destroy();
  return Attributes;
}

test('a subscription is raw, has a dead-letter queue of its own, and both queues let the topic in', async () => {
  await using opened = await local.open({ queuePrefix: 'ci-', topicPrefix: 'ci-' });
  const { connection } = opened;
  const queue = local.name('billing');
  await connection.queues.provision([{ name: queue, use: 'receive' }]);
  await connection.subscriptions.subscribe(queue, ['Sales.OrderPlaced']);
  const [own, undelivered] = [
    await attributesOf(`ci-${queue}`),
    await attributesOf(`ci-${queue}_undelivered`),
  ];
  const sns = new SNSClient(local.aws.options);
  const { Subscriptions = [] } = await sns.send(new ListSubscriptionsCommand({}));
  const subscription = Subscriptions.find(({ Endpoint }) => Endpoint === own['QueueArn']);
  const { Attributes = {} } = await sns.send(
    new GetSubscriptionAttributesCommand({ SubscriptionArn: subscription?.SubscriptionArn }),
  );
  sns.destroy();
  const topicArn = subscription?.TopicArn ?? '';
  expect(topicArn).toMatch(/:ci-Sales_OrderPlaced$/);
  expect(Attributes['RawMessageDelivery']).toBe('true');
  expect(JSON.parse(Attributes['RedrivePolicy'] ?? '{}')).toEqual({
    deadLetterTargetArn: undelivered['QueueArn'],
  });
  expect(allows(own['Policy'], topicArn)).toBe(true);
  expect(allows(undelivered['Policy'], topicArn)).toBe(true);
  expect(await connection.subscriptions.list(queue)).toEqual(['Sales.OrderPlaced']);
});

test('the dead-letter queues can be looked into and emptied like any other queue', async () => {
  await using opened = await local.open();
  const { connection } = opened;
  const queue = local.name('source');
  await connection.queues.provision([{ name: queue, use: 'receive' }]);
  await connection.subscriptions.subscribe(queue, ['Shop.Opened']);
  for (const dead of [`${queue}.dead`, `${queue}.undelivered`]) {
    await connection.dispatch([
      {
        message: { headers: { 'busbar-message-id': dead }, body: Buffer.from('{}') },
        destination: { kind: 'queue', queue: dead },
      },
    ]);
    const [message] = await connection.queues.peek(dead, 10);
    expect(message?.headers['busbar-message-id']).toBe(dead);
    const nativeIds = [message?.nativeId ?? ''];
    expect(await connection.queues.move({ from: dead, to: queue, nativeIds })).toBe(1);
  }
  expect(await connection.queues.peek(queue, 10)).toHaveLength(2);
});

test('a queue gets a dead-letter queue, far above what an endpoint needs; an archive has none', async () => {
  await using opened = await local.open({ maxReceiveCount: 50 });
  const { connection } = opened;
  const [queue, errors] = [local.name('in'), local.name('errors')];
  await connection.queues.provision([
    { name: queue, use: 'receive' },
    { name: errors, use: 'archive' },
  ]);
  const dead = await attributesOf(`${queue}_dead`);
  expect(JSON.parse((await attributesOf(queue))['RedrivePolicy'] ?? '{}')).toEqual({
    deadLetterTargetArn: dead['QueueArn'],
    maxReceiveCount: 50,
  });
  expect((await attributesOf(errors))['RedrivePolicy']).toBeUndefined();
});

test('encryption and retention are passed through', async () => {
  const encryption = { kmsKeyId: 'alias/bus', reuseSeconds: 600 };
  await using opened = await local.open({ encryption, retentionSeconds: 3_600 });
  const queue = local.name('secret');
  await opened.connection.queues.provision([{ name: queue }]);
  expect(await attributesOf(queue)).toMatchObject({
    KmsMasterKeyId: 'alias/bus',
    KmsDataKeyReusePeriodSeconds: '600',
    MessageRetentionPeriod: '3600',
  });
});

test('a key that keeps SNS out of the queue does not keep it out of the dead-letter queue', async () => {
  await using opened = await local.open({ encryption: { kmsKeyId: 'alias/bus' } });
  const { connection } = opened;
  const queue = local.name('secret');
  await connection.queues.provision([{ name: queue }]);
  await connection.subscriptions.subscribe(queue, ['Sales.OrderPlaced']);
  expect((await attributesOf(queue))['KmsMasterKeyId']).toBe('alias/bus');
  const undelivered = await attributesOf(`${queue}_undelivered`);
  expect(undelivered['KmsMasterKeyId']).toBeUndefined();
  expect(undelivered['SqsManagedSseEnabled']).toBe('true');
});

test('a queue with a key of AWS gets no subscription, since no event would come', async () => {
  await using opened = await local.open({ encryption: { kmsKeyId: 'alias/aws/sqs' } });
  const { connection, faults } = opened;
  const queue = local.name('secret');
  await connection.queues.provision([{ name: queue }]);
  await expect(
    connection.subscriptions.subscribe(queue, ['Sales.OrderPlaced']),
  ).rejects.toMatchObject({
    code: 'INVALID_CONFIGURATION',
    details: { queue, setting: 'encryption' },
  });
  expect(faults.count('Subscribe') + faults.count('CreateTopic')).toBe(0);
});

test('a queue that somebody made otherwise is used as it is, with one warning', async () => {
  const warnings: string[] = [];
  const logger = {
    debug() {},
    info() {},
    error() {},
    warn: (_fields: object, text: string) => warnings.push(text),
  };
  const queue = local.name('theirs');
  {
    await using first = await local.open({ retentionSeconds: 3_600 });
    await first.connection.queues.provision([{ name: queue, use: 'archive' }]);
  }
  await using second = await local.open({}, { logger });
  for (let times = 0; times < 2; times += 1) {
    await second.connection.queues.provision([{ name: queue, use: 'archive' }]);
  }
  expect(warnings).toEqual([
    `The queue "${queue}" is used as it is; it differs in MessageRetentionPeriod.`,
  ]);
});

test('with the policies alone nothing is made, and the rights are logged', async () => {
  const logged: object[] = [];
  const logger = {
    debug() {},
    warn() {},
    error() {},
    info: (fields: object) => logged.push(fields),
  };
  await using opened = await local.open(
    { provisioning: 'policies', region: 'cn-north-1' },
    { logger },
  );
  const { connection } = opened;
  const queue = local.name('unmade');
  await connection.queues.provision([{ name: queue, use: 'receive' }]);
  await connection.subscriptions.subscribe(queue, ['Shop.Opened']);
  expect(await connection.queues.missing([queue])).toEqual([queue]);
  const text = JSON.stringify(logged.at(-1));
  expect(text).toContain(`arn:aws-cn:sqs:cn-north-1:*:${queue}`);
  expect(text).toContain('arn:aws-cn:sns:cn-north-1:*:Shop_Opened');
});

test('a queue that forgets what waits in it is named in a warning', async () => {
  const warnings: string[] = [];
  const logger = {
    debug() {},
    info() {},
    error() {},
    warn: (_fields: object, text: string) => warnings.push(text),
  };
  await using opened = await local.open({}, { logger });
  const queue = local.name('forgetful');
  const client = clientFor(local.aws.options);
  const Attributes = { MessageRetentionPeriod: '600' };
  await client.send(new CreateQueueCommand({ QueueName: queue, Attributes }));
  client.destroy();
  await opened.connection.queues.provision([{ name: queue, use: 'archive' }]);
  expect(warnings).toEqual([expect.stringMatching(/for 600 s.*3600 s or more/)]);
});
