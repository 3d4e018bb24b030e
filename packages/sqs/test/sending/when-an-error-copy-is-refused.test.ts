import {
  CreateQueueCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import { CreateBucketCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { type DispatchResult, headerNames } from '@busbar/core';
import { expect, test } from 'vitest';
import { clientFor, urlOf } from '../../../../test/support/sqs/local-aws.ts';
import { localQueues } from '../support/local-queues.ts';
import { openConnection, receive, toQueue } from '../support/open-connection.ts';

const local = localQueues();

/** What somebody who knows nothing of Busbar would receive. */
async function storedIn(name: string): Promise<readonly Message[]> {
  const client = clientFor(local.aws.options);
  const { Messages = [] } = await client.send(
    new ReceiveMessageCommand({
      QueueUrl: await urlOf(client, name),
      MaxNumberOfMessages: 10,
      MessageAttributeNames: ['All'],
    }),
  );
  client.destroy();
  return Messages;
}

async function smallQueue(name: string): Promise<void> {
  const client = clientFor(local.aws.options);
  const Attributes = { MaximumMessageSize: '262144' };
  await client.send(new CreateQueueCommand({ QueueName: name, Attributes }));
  client.destroy();
}

test('a body that was unpacked goes as the message that SQS took, byte for byte', async () => {
  const packed = { body: 'packed \u2713', data: Uint8Array.of(0, 255, 128) };
  await using opened = await local.open({
    nativeMessages: () => ({ headers: {}, body: Buffer.alloc(2_000_000, 255) }),
  });
  const { connection } = opened;
  const [queue, errors] = [local.name('sales'), local.name('errors')];
  await connection.queues.provision([{ name: queue }, { name: errors, use: 'archive' }]);
  const result = Promise.withResolvers<DispatchResult | undefined>();
  await receive(connection, queue, async ({ delivery: { body } }) => {
    const headers = { [headerNames.failedQueue]: queue, [headerNames.failureStack]: 'at …' };
    const [sent] = await connection.dispatch([toQueue(errors, 'copy', { headers, body })]);
    result.resolve(sent);
  });
  const client = clientFor(local.aws.options);
  await client.send(
    new SendMessageCommand({
      QueueUrl: await urlOf(client, queue),
      MessageBody: packed.body,
      MessageAttributes: { data: { DataType: 'Binary', BinaryValue: packed.data } },
    }),
  );
  client.destroy();
  expect((await result.promise)?.outcome).toBe('confirmed');
  const [stored] = await storedIn(`${queue}_dead`);
  expect(stored?.Body).toBe(packed.body);
  expect(Buffer.from(stored?.MessageAttributes?.['data']?.BinaryValue ?? [])).toEqual(
    Buffer.from(packed.data),
  );
  expect(await storedIn(errors)).toEqual([]);
});

test('there is an end to it when no form of the copy fits', async () => {
  await using opened = await local.open();
  const { connection, faults } = opened;
  const [queue, errors] = [local.name('sales'), local.name('errors')];
  await connection.queues.provision([{ name: queue }, { name: errors, use: 'archive' }]);
  const headers = { [headerNames.failedQueue]: queue };
  const body = Buffer.alloc(1_500_000, 'x');
  const [result] = await connection.dispatch([toQueue(errors, 'huge', { headers, body })]);
  expect(result?.outcome).toBe('undeliverable');
  expect(JSON.stringify(result)).toMatch(/bucket/);
  expect(faults.count('SendMessageBatch')).toBe(0);
});

test('a body whose headers are too large by themselves is not put into the bucket', async () => {
  const s3 = new S3Client({ ...local.aws.options, forcePathStyle: true });
  await s3.send(new CreateBucketCommand({ Bucket: 'refused-bodies' }));
  await using opened = await openConnection({ ...local.aws.options, bucket: 'refused-bodies' });
  const { connection } = opened;
  const errors = local.name('errors');
  await connection.queues.provision([{ name: errors, use: 'archive' }]);
  const headers = { [headerNames.failedQueue]: 'sales', data: 'd'.repeat(1_100_000) };
  const body = Uint8Array.of(255);
  const [result] = await connection.dispatch([toQueue(errors, 'huge', { headers, body })]);
  expect(result?.outcome).toBe('undeliverable');
  const { KeyCount } = await s3.send(new ListObjectsV2Command({ Bucket: 'refused-bodies' }));
  s3.destroy();
  expect(KeyCount).toBe(0);
});

test('a queue that takes less than others gets a smaller form', async () => {
  await using opened = await local.open();
  const { connection } = opened;
  const [queue, errors] = [local.name('sales'), local.name('errors')];
  await smallQueue(errors);
  await connection.queues.provision([{ name: queue }]);
  const headers = { [headerNames.failedQueue]: queue, [headerNames.failureStack]: 's'.repeat(900) };
  const results = await connection.dispatch(
    [261_500, 300_000].map((bytes) =>
      toQueue(errors, `${bytes}`, { headers, body: Buffer.alloc(bytes, 'x') }),
    ),
  );
  expect(results.map(({ outcome }) => outcome)).toEqual(['confirmed', 'confirmed']);
  const [shortened] = await connection.queues.peek(errors, 1);
  expect(shortened?.body.byteLength).toBe(261_500);
  expect(shortened?.headers[headerNames.failureStack]).toBeUndefined();
  expect((await storedIn(`${queue}_dead`))[0]?.Body).toHaveLength(300_000);
});

test('a queue that takes less than others, or delays all, is named when it is provisioned', async () => {
  const warnings: string[] = [];
  const logger = {
    debug() {},
    info() {},
    error() {},
    warn: (_fields: object, text: string) => warnings.push(text),
  };
  await using opened = await local.open({}, { logger });
  const errors = local.name('errors');
  await smallQueue(errors);
  await opened.connection.queues.provision([{ name: errors, use: 'archive' }]);
  expect(warnings).toEqual([expect.stringMatching(/differs in .*MaximumMessageSize/)]);
});
