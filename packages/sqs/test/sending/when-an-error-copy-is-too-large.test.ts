import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { headerNames } from '@busbar/core';
import { s3Store } from '@busbar/sqs';
import { expect, test } from 'vitest';
import { snsBytes, sqsBytes } from '../../src/message/limits.ts';
import { localQueues } from '../support/local-queues.ts';
import { openConnection, toQueue } from '../support/open-connection.ts';
import { sqsTransport } from '@busbar/sqs';
import { silentLogger, systemClock } from '@busbar/core';

const local = localQueues();

const failure = (queue: string): Record<string, string> => ({
  [headerNames.failedQueue]: queue,
  [headerNames.failureCode]: 'UNDECODABLE',
  [headerNames.failureMessage]: 'm'.repeat(4_000),
  [headerNames.failureStack]: 's'.repeat(16_000),
});

test('details go first', async () => {
  await using opened = await local.open();
  const { connection } = opened;
  const errors = local.name('errors');
  await connection.queues.provision([{ name: errors }]);
  const body = Buffer.alloc(sqsBytes - 1_000, 'x');
  const [result] = await connection.dispatch([
    toQueue(errors, 'large', { body, headers: failure('sales') }),
  ]);
  expect(result?.outcome).toBe('confirmed');
  const [stored] = await connection.queues.peek(errors, 1);
  expect(stored?.headers[headerNames.failureCode]).toBe('UNDECODABLE');
  expect(stored?.headers[headerNames.failureStack]).toBeUndefined();
  expect(stored?.body.byteLength).toBe(body.byteLength);
});

test('then the body goes to the bucket', async () => {
  const s3 = new S3Client({ ...local.aws.options, forcePathStyle: true });
  await s3.send(new CreateBucketCommand({ Bucket: 'large-bodies' }));
  s3.destroy();
  const transport = sqsTransport({ ...local.aws.options, pollSeconds: 1, bucket: 'large-bodies' });
  const connection = await transport.connect({
    endpoint: 'test',
    instance: 'test',
    clock: systemClock,
    logger: silentLogger,
    onCritical: () => {},
  });
  const errors = local.name('errors');
  await connection.queues.provision([{ name: errors }]);
  const body = Buffer.alloc(sqsBytes, 'x');
  const [result] = await connection.dispatch([
    toQueue(errors, 'large', { body, headers: failure('sales') }),
  ]);
  expect(result?.outcome).toBe('confirmed');
  const [stored] = await connection.queues.peek(errors, 1);
  const claim = stored?.headers[headerNames.claim] ?? '';
  expect(stored?.body.byteLength).toBe(0);
  const kept = await transport.claimStore?.get(claim);
  expect(kept?.byteLength).toBe(sqsBytes);
  await connection.close();
});

test('then the bytes alone go to the dead-letter queue of the queue where they failed', async () => {
  await using opened = await local.open();
  const { connection } = opened;
  const [queue, errors] = [local.name('sales'), local.name('errors')];
  await connection.queues.provision([
    { name: queue, use: 'receive' },
    { name: errors, use: 'archive' },
  ]);
  const body = Buffer.alloc(sqsBytes, 'x');
  const [result] = await connection.dispatch([
    toQueue(errors, 'large', { body, headers: failure(queue) }),
  ]);
  expect(result?.outcome).toBe('confirmed');
  expect(await connection.queues.peek(errors, 1)).toEqual([]);
  const [stored] = await connection.queues.peek(`${queue}.dead`, 1);
  expect(stored?.body.byteLength).toBe(sqsBytes);
});

test('what is no error copy is refused, and the settings that would help are named', async () => {
  await using opened = await openConnection(local.aws.options);
  const { connection } = opened;
  const queue = local.name('sales');
  await connection.queues.provision([{ name: queue }]);
  const [tooLarge, event] = await connection.dispatch([
    toQueue(queue, 'large', { body: Buffer.alloc(sqsBytes, 'x') }),
    {
      ...toQueue('', 'event', { body: Buffer.alloc(snsBytes, 'x') }),
      destination: { kind: 'topic', topics: [local.name('Shop.Opened')] },
    },
  ]);
  for (const result of [tooLarge, event]) {
    expect(result).toMatchObject({ outcome: 'undeliverable' });
    expect(JSON.stringify(result)).toMatch(/claimCheck.*bucket/);
  }
});

test('a store says that a claim is not there, and that its bucket is not', async () => {
  const s3 = new S3Client({ ...local.aws.options, forcePathStyle: true });
  await s3.send(new CreateBucketCommand({ Bucket: 'claims' }));
  s3.destroy();
  const there = s3Store({ ...local.aws.options, bucket: 'claims' });
  await there.put('claim-1', Uint8Array.of(1, 2, 3));
  expect(await there.get('claim-1')).toEqual(Uint8Array.of(1, 2, 3));
  await expect(there.get('claim-2')).rejects.toThrow(/CLAIM_NOT_FOUND/);
  const missing = s3Store({ ...local.aws.options, bucket: 'nowhere' });
  await expect(missing.put('claim-1', Uint8Array.of(1))).rejects.toThrow(
    /bucket nowhere.*TRANSPORT_UNAVAILABLE/s,
  );
});
