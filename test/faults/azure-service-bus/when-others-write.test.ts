import { ServiceBusClient, type ServiceBusMessage } from '@azure/service-bus';
import { azureServiceBusTransport } from '@busbar/azure-service-bus';
import {
  Command,
  type StoredMessage,
  createEndpoint,
  fixed,
  handler,
  headerNames,
  silentLogger,
  systemClock,
} from '@busbar/core';
import { expect, test } from 'vitest';
import { until } from '../../support/rabbitmq/bounded-wait.ts';
import {
  namespaceForTests,
  needsOurEmulator,
} from '../../support/service-bus/namespace-for-tests.ts';

class Known extends Command('Foreign.Known')<{ id: string }> {}

const limitMs = 15_000;
const random = Buffer.from(Array.from({ length: 300 }, (_, index) => (index * 7_919) % 256));

interface Foreign {
  readonly what: string;
  readonly message: ServiceBusMessage & { readonly bodyType?: 'value' | 'sequence' };
  /** What is in the error queue. */
  readonly bytes: Uint8Array | string;
  readonly code: string;
}

const session = { sessionId: 's' };
const foreign: readonly Foreign[] = [
  {
    what: 'plain text',
    message: { body: Buffer.from('hello'), ...session },
    bytes: 'hello',
    code: 'UNDECODABLE',
  },
  {
    what: 'JSON of the SDK',
    message: { body: { id: 'a' }, ...session },
    bytes: '{"id":"a"}',
    code: 'UNDECODABLE',
  },
  {
    what: 'random bytes',
    message: { body: random, ...session },
    bytes: random,
    code: 'UNDECODABLE',
  },
  {
    what: 'random bytes of a known type',
    message: {
      body: random,
      subject: 'Foreign.Known',
      contentType: 'application/json',
      ...session,
    },
    bytes: random,
    code: 'UNDECODABLE',
  },
  {
    what: 'properties of all types',
    message: {
      body: Buffer.from('x'),
      applicationProperties: {
        n: 1,
        neg: -2,
        f: 1.5,
        b: true,
        d: new Date(0),
        none: null,
      },
      correlationId: 17,
      messageId: 42,
      ...session,
    },
    bytes: 'x',
    code: 'UNDECODABLE',
  },
  {
    what: 'an AMQP value',
    message: { body: { a: 1 }, bodyType: 'value' },
    bytes: '{"a":1}',
    code: 'UNDECODABLE',
  },
  {
    what: 'text as an AMQP value',
    message: { body: 'héllo', bodyType: 'value' },
    bytes: 'héllo',
    code: 'UNDECODABLE',
  },
  {
    what: 'an AMQP sequence',
    message: { body: [1, 'b'], bodyType: 'sequence' },
    bytes: '[1,"b"]',
    code: 'UNDECODABLE',
  },
  {
    what: 'no body at all',
    message: { body: null, bodyType: 'value' },
    bytes: '',
    code: 'UNDECODABLE',
  },
];

test('what others write should end in the error queue with its bytes and a reason, or be handled', async (context) => {
  const { options, emulated } = await namespaceForTests();
  if (emulated === undefined) return context.skip(needsOurEmulator);
  const transport = azureServiceBusTransport(options);
  const handled: string[] = [];
  const endpoint = createEndpoint('sales', {
    transport,
    handlers: [handler(Known, async ({ id }) => void handled.push(id))],
    recoverability: { immediate: 0, delayed: fixed({ attempts: 0, delay: '1s' }) },
    logger: silentLogger,
  });
  await endpoint.start();
  await using client = Object.assign(new ServiceBusClient(options.connectionString ?? ''), {
    [Symbol.asyncDispose]: () => client.close(),
  });
  const sender = client.createSender('sales');
  for (const { message, what } of foreign) {
    const properties = { ...message.applicationProperties, what };
    await sender.sendMessages({ ...message, applicationProperties: properties });
  }
  // A foreign producer that says in the properties of the service what it sends is understood without more.
  await sender.sendMessages({
    body: Buffer.from('{"id":"from elsewhere"}'),
    subject: 'Foreign.Known',
    contentType: 'application/json',
    messageId: 'elsewhere-1',
  });
  await until(limitMs, 'the message to be handled', () => handled.length === 1);
  await until(
    limitMs,
    'all others in the error queue',
    () => emulated.control.counts('error').active === foreign.length,
  );
  expect(handled).toEqual(['from elsewhere']);
  const connection = await transport.connect({
    endpoint: 'test',
    instance: 'test',
    clock: systemClock,
    logger: silentLogger,
    onCritical: () => {},
  });
  const stored = new Map<string | undefined, StoredMessage>();
  for (const message of await connection.queues.peek('error', 50))
    stored.set(message.headers['what'], message);
  await connection.close();
  await endpoint.stop();
  const found = foreign.map(({ what }) => {
    const { body = new Uint8Array(), headers = {} } = stored.get(what) ?? {};
    const reason = headers[headerNames.failureMessage] ?? '';
    const code = headers[headerNames.failureCode];
    return { what, bytes: Buffer.from(body).toString('latin1'), code, hasReason: reason !== '' };
  });
  expect(found).toEqual(
    foreign.map(({ what, bytes, code }) => ({
      what,
      bytes: Buffer.from(bytes as string).toString('latin1'),
      code,
      hasReason: true,
    })),
  );
  expect(stored.get('properties of all types')?.headers).toMatchObject({
    n: '1',
    neg: '-2',
    f: '1.5',
    b: 'true',
    [headerNames.correlationId]: '17',
    [headerNames.messageId]: '42',
  });
});

test('a message that fills what the service takes should be kept, and others behind it handled', async (context) => {
  const { options, emulated } = await namespaceForTests();
  if (emulated === undefined) return context.skip(needsOurEmulator);
  const endpoint = createEndpoint('sales', {
    transport: azureServiceBusTransport(options),
    handlers: [handler(Known, async () => undefined)],
    recoverability: { immediate: 0, delayed: fixed({ attempts: 0, delay: '1s' }) },
    logger: silentLogger,
  });
  await endpoint.start();
  await using client = Object.assign(new ServiceBusClient(options.connectionString ?? ''), {
    [Symbol.asyncDispose]: () => client.close(),
  });
  const sender = client.createSender('sales');
  const isTaken = (size: number): Promise<boolean> =>
    sender
      .sendMessages({ body: Buffer.alloc(size, 'x'), subject: 'Foreign.Known', messageId: 'large' })
      .then(
        () => true,
        () => false,
      );
  let size = 262_144;
  while (!(await isTaken(size))) size -= 16;
  const { counts } = emulated.control;
  const count = counts.bind(emulated.control);
  const kept = (): number => count('error').active + count('sales').deadLetters;
  await until(limitMs, 'the largest to be kept', () => kept() === 1 && count('sales').active === 0);
  // With a little room for what failed it is always the error queue.
  expect(await isTaken(size - 400)).toBe(true);
  const before = count('error').active;
  await until(limitMs, 'the next in the error queue', () => count('error').active === before + 1);
  await until(limitMs, 'it to be gone', () => count('sales').active === 0);
  await endpoint.stop();
});
