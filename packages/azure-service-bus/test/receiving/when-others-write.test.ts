import { ServiceBusClient, type ServiceBusSender } from '@azure/service-bus';
import {
  type NativeMessage,
  type NativeMessageMapping,
  azureServiceBusTransport,
} from '@busbar/azure-service-bus';
import {
  Command,
  type StoredMessage,
  createEndpoint,
  fixed,
  handler,
  headerNames,
  silentLogger,
} from '@busbar/core';
import { expect, test } from 'vitest';
import { until } from '../../../../test/support/rabbitmq/bounded-wait.ts';
import { type OpenConnection, openConnection } from '../support/open-connection.ts';

class Note extends Command('Foreign.Note')<{ text: string }> {}

const limitMs = 15_000;

type Foreign = Parameters<ServiceBusSender['sendMessages']>[0];

/** Reads the message as a note with the text. */
function note(text: string): NonNullable<ReturnType<NativeMessageMapping>> {
  return {
    headers: {
      [headerNames.enclosedTypes]: 'Foreign.Note',
      [headerNames.contentType]: 'application/json',
    },
    body: Buffer.from(JSON.stringify({ text })),
  };
}

/** Texts as they are, orders by their number, all else by what it says that a mapping does. */
function readForeign({ body, applicationProperties, contentType }: NativeMessage) {
  if (contentType === 'text/plain' && body instanceof Uint8Array) {
    return note(Buffer.from(body).toString());
  }
  if (contentType === 'application/json' && body instanceof Uint8Array) {
    const { orderNo } = JSON.parse(Buffer.from(body).toString()) as { orderNo: number };
    return note(`order ${orderNo} of ${String(applicationProperties['shop'])}`);
  }
  if (Array.isArray(body)) return note(body.join('+'));
  switch (applicationProperties['mapping']) {
    case 'throws':
      throw new Error('on purpose');
    case 'nonsense':
      return { headers: {}, body: 'text' } as never;
    case 'promise':
      return Promise.reject(new Error('on purpose')) as never;
    case 'unpacks':
      return { headers: {}, body: Buffer.alloc(2_000_000, 255) };
  }
  return typeof body === 'string' ? note(body) : undefined;
}

async function send(open: OpenConnection, messages: readonly Foreign[]): Promise<void> {
  const client = new ServiceBusClient(open.connectionString);
  const sender = client.createSender('sales');
  for (const message of messages) await sender.sendMessages(message);
  await client.close();
}

const textOf = ({ body }: StoredMessage): string => Buffer.from(body).toString();

function endpointOf(open: OpenConnection, handled: string[], fails = false) {
  const { connectionString } = open;
  return createEndpoint('sales', {
    transport: azureServiceBusTransport({ connectionString, nativeMessages: readForeign }),
    handlers: [
      handler(Note, async ({ text }) => {
        handled.push(text);
        if (fails && handled.length === 1) throw new Error('the first time');
      }),
    ],
    recoverability: {
      immediate: 0,
      delayed: fixed({ attempts: fails ? 1 : 0, delay: '1ms' }),
    },
    logger: silentLogger,
  });
}

test('what a mapping reads is handled, and what it does not read is in the error queue with its reason', async (context) => {
  await using open = await openConnection(context);
  const handled: string[] = [];
  const endpoint = endpointOf(open, handled);
  await endpoint.start();
  const bad = ['throws', 'nonsense', 'promise', 'unknown'];
  await send(open, [
    { body: Buffer.from('plain text'), contentType: 'text/plain' },
    {
      body: { orderNo: 7 },
      contentType: 'application/json',
      applicationProperties: { shop: 'north' },
    },
    { body: 'a value', bodyType: 'value' },
    { body: ['a', 'sequence'], bodyType: 'sequence' },
    ...bad.map((mapping) => ({
      body: Buffer.from(`bytes of ${mapping}`),
      applicationProperties: { mapping, n: 1 },
    })),
    { body: { a: 1 }, bodyType: 'value', applicationProperties: { mapping: 'value' } },
  ]);
  const ended = (): boolean => open.control.counts('error').active === bad.length + 1;
  await until(limitMs, 'all to be handled', () => handled.length === 4 && ended());
  await endpoint.stop();
  expect(handled).toEqual(['plain text', 'order 7 of north', 'a value', 'a+sequence']);
  expect(open.control.counts('sales')).toMatchObject({ active: 0, deadLetters: 0 });
  const stored = new Map(
    (await open.connection.queues.peek('error', 10)).map((each) => [each.headers['mapping'], each]),
  );
  for (const [mapping, reason, bytes] of [
    ['throws', 'threw: on purpose', 'bytes of throws'],
    ['nonsense', 'returned no Uint8Array as `body`', 'bytes of nonsense'],
    ['promise', 'returned a promise', 'bytes of promise'],
    ['unknown', 'does not know it', 'bytes of unknown'],
    ['value', 'does not know it', '{"a":1}'],
  ] as const) {
    const { headers = {}, ...message } = stored.get(mapping) ?? {};
    expect(headers[headerNames.failureCode]).toBe('UNDECODABLE');
    expect(headers[headerNames.failureMessage]).toContain(
      `the option \`nativeMessages\` ${reason}`,
    );
    expect(textOf(message as StoredMessage)).toBe(bytes);
  }
});

test('a mapped message that failed is retried as it was read, and the mapping is not asked again', async (context) => {
  await using open = await openConnection(context);
  const handled: string[] = [];
  const endpoint = endpointOf(open, handled, true);
  await endpoint.start();
  await send(open, [{ body: Buffer.from('plain text'), contentType: 'text/plain' }]);
  await until(limitMs, 'the second attempt', () => handled.length === 2);
  await until(limitMs, 'it to be gone', () => open.control.counts('sales').active === 0);
  await endpoint.stop();
  expect(handled).toEqual(['plain text', 'plain text']);
  expect(open.control.counts('error').active).toBe(0);
});

test('what was unpacked and can be stored nowhere is given up as the service had it', async (context) => {
  await using open = await openConnection(context);
  const endpoint = endpointOf(open, []);
  await endpoint.start();
  await send(open, [
    { body: 'packed', bodyType: 'value', applicationProperties: { mapping: 'unpacks' } },
  ]);
  await until(limitMs, 'it to be kept', () => open.control.counts('sales').deadLetters === 1);
  await endpoint.stop();
  const { queues } = open.connection;
  const from = 'sales/$DeadLetterQueue';
  const [kept] = await queues.peek(from, 1);
  expect(kept).toMatchObject({ body: Buffer.from('packed') });
  const nativeIds = [kept?.nativeId ?? ''];
  expect(await queues.move({ from, to: 'error', nativeIds })).toBe(1);
  const [moved] = await queues.peek('error', 1);
  expect(moved).toMatchObject({ headers: { mapping: 'unpacks' }, body: Buffer.from('packed') });
  expect(kept?.headers[headerNames.failureType]).toBeDefined();
  expect(moved?.headers[headerNames.failureType]).toBe(kept?.headers[headerNames.failureType]);
});

test.for([false, true])(
  'messages of one session are handled one after the other: ordered %s',
  async (ordered, context) => {
    await using open = await openConnection(context, { nativeMessages: readForeign });
    const { connection } = open;
    await connection.queues.provision([{ name: 'sales', ordered }]);
    const receiver = connection.createReceiver({
      queue: 'sales',
      concurrency: 4,
      suspicionAfter: 500,
      ordered,
    });
    let inside = 0;
    let most = 0;
    const order: string[] = [];
    await send(
      open,
      ['m0', 'm1', 'm2', 'm3'].map((text) => ({
        body: text,
        bodyType: 'value',
        properties: { groupId: 'account-1' },
      })),
    );
    await receiver.start(
      async ({ delivery: { body, headers } }) => {
        inside += 1;
        most = Math.max(most, inside);
        expect(headers[headerNames.partitionKey]).toBe('account-1');
        order.push((JSON.parse(Buffer.from(body).toString()) as { text: string }).text);
        await new Promise((resolve) => setImmediate(resolve));
        inside -= 1;
        return 'settle';
      },
      async () => ({ action: 'retry' }),
    );
    await until(limitMs, 'all to be settled', () => open.control.counts('sales').active === 0);
    await receiver.stop(new AbortController().signal);
    expect(order).toEqual(['m0', 'm1', 'm2', 'm3']);
    expect(most).toBe(1);
  },
);

test('a message that is looked at shows what it reads as, and one that is moved stays what it is', async (context) => {
  await using open = await openConnection(context, { nativeMessages: readForeign });
  const { queues } = open.connection;
  await queues.provision([{ name: 'sales' }, { name: 'other', ordered: true }]);
  await send(open, [
    {
      body: ['a', 'sequence'],
      bodyType: 'sequence',
      properties: { messageId: 'm-1', subject: 'sold', groupId: 'account-1' },
      applicationProperties: { n: 1, gone: 'yes' },
    },
    { body: Buffer.from('plain text'), contentType: 'text/plain' },
  ]);
  const read = async (queue: string) =>
    (await queues.peek(queue, 10)).map((each) => textOf(each)).sort();
  const expected = ['{"text":"a+sequence"}', '{"text":"plain text"}'];
  expect(await read('sales')).toEqual(expected);
  const nativeIds = (await queues.peek('sales', 10)).map(({ nativeId }) => nativeId);
  const headers = { gone: undefined, replayed: 'yes' };
  expect(await queues.move({ from: 'sales', to: 'other', nativeIds, headers })).toBe(2);
  expect(await read('other')).toEqual(expected);
  const client = new ServiceBusClient(open.connectionString);
  const session = await client.acceptSession('other', 'account-1');
  const [moved] = await session.receiveMessages(1);
  await client.close();
  expect(moved).toMatchObject({
    body: ['a', 'sequence'],
    messageId: 'm-1',
    subject: 'sold',
    sessionId: 'account-1',
    applicationProperties: { n: 1, replayed: 'yes' },
  });
  expect(moved?.applicationProperties).not.toHaveProperty('gone');
  expect(moved?._rawAmqpMessage.bodyType).toBe('sequence');
});
