import {
  ChangeMessageVisibilityCommand,
  type Message,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import { expect, test } from 'vitest';
import { clientFor, urlOf } from '../../../../test/support/sqs/local-aws.ts';
import { localQueues } from '../support/local-queues.ts';
import { Handled, receive, toQueue } from '../support/open-connection.ts';

const local = localQueues();

test('a suspect event that came by one of several topics is handled, though its mark is a copy', async () => {
  await using opened = await local.open();
  const { connection } = opened;
  const queue = local.name('suspect');
  const [derived, base] = [local.name('Shop.Sold'), local.name('Shop.Changed')];
  await connection.queues.provision([{ name: queue }]);
  await connection.subscriptions.subscribe(queue, [base]);
  const handled = new Handled();
  const receiver = await receive(
    connection,
    queue,
    (attempt) => {
      handled.add(attempt);
      if (handled.attempts.length < 5) throw new Error('on purpose');
    },
    { suspicionAfter: 2 },
  );
  const destination = { kind: 'topic' as const, topics: [derived, base] };
  await connection.dispatch([{ ...toQueue('', 'event'), destination }]);
  await handled.has(5);
  await receiver.stop(new AbortController().signal);
  expect(handled.attempts.map(({ delivery }) => delivery.deliveryCount)).toEqual([1, 2, 3, 4, 5]);
  expect(handled.attempts.some(({ delivery }) => delivery.diedAlone)).toBe(false);
  expect(await connection.queues.peek(queue, 10)).toEqual([]);
});

test('a suspect that this process lost again and again is handled, since nobody died over it', async () => {
  await using opened = await local.open();
  const { connection } = opened;
  const queue = local.name('lost');
  await connection.queues.provision([{ name: queue }]);
  const client = clientFor(local.aws.options);
  const queueUrl = await urlOf(client, queue);
  const handled = new Handled();
  const receiver = await receive(
    connection,
    queue,
    async (attempt) => {
      handled.add(attempt);
      const { native, signal } = attempt.delivery;
      const count = handled.attempts.length;
      if (count <= 2) throw new Error('on purpose');
      if (count > 6) return;
      // As if a handler had kept the process from holding it any longer.
      const lost = new Promise((resolve) => signal.addEventListener('abort', resolve));
      const { ReceiptHandle } = native as Message;
      const end = { QueueUrl: queueUrl, ReceiptHandle, VisibilityTimeout: 0 };
      await client.send(new ChangeMessageVisibilityCommand(end));
      await lost;
    },
    { suspicionAfter: 2 },
  );
  await connection.dispatch([toQueue(queue, 'lost')]);
  await handled.has(7);
  await receiver.stop(new AbortController().signal);
  expect(handled.attempts.some(({ delivery }) => delivery.diedAlone)).toBe(false);
  expect(await connection.queues.peek(queue, 10)).toEqual([]);
});

test('a foreign message without room for a mark is not kept from being handled', async () => {
  await using opened = await local.open({
    nativeMessages: ({ body, messageId }) => ({
      headers: { 'busbar-message-id': messageId },
      body: Buffer.from(body),
    }),
  });
  const { connection } = opened;
  const queue = local.name('full');
  await connection.queues.provision([{ name: queue }]);
  const handled = new Handled();
  const receiver = await receive(
    connection,
    queue,
    (attempt) => {
      handled.add(attempt);
      if (handled.attempts.length < 5) throw new Error('on purpose');
    },
    { suspicionAfter: 2 },
  );
  const client = clientFor(local.aws.options);
  const names = Array.from({ length: 10 }, (_, index) => `attribute-${index}`);
  await client.send(
    new SendMessageCommand({
      QueueUrl: await urlOf(client, queue),
      MessageBody: 'foreign',
      MessageAttributes: Object.fromEntries(
        names.map((name) => [name, { DataType: 'String', StringValue: 'value' }]),
      ),
    }),
  );
  client.destroy();
  await handled.has(5);
  await receiver.stop(new AbortController().signal);
  expect(await connection.queues.peek(queue, 10)).toEqual([]);
});
