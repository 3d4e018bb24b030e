import { azureServiceBusTransport } from '@busbar/azure-service-bus';
import { type Receiver, type TransportConnection, silentLogger, systemClock } from '@busbar/core';
import { expect, test } from 'vitest';
import { until, within } from '../../../../test/support/rabbitmq/bounded-wait.ts';
import {
  namespaceForTests,
  needsOurEmulator,
} from '../../../../test/support/service-bus/namespace-for-tests.ts';
import { StreamIntake } from '../../src/receiving/stream-intake.ts';
import { Holdings } from '../../src/receiving/holdings.ts';
import { Solitude } from '../../src/receiving/solitude.ts';
import { checkOptions } from '../../src/service-bus-options.ts';
import { makeClient } from '../../src/connection/clients.ts';
import { HandClock } from '../../../../test/support/hand-clock.ts';

const host = { endpoint: 'test', instance: 'i', clock: systemClock, logger: silentLogger };
const limitMs = 10_000;

interface Open extends AsyncDisposable {
  readonly connection: TransportConnection;
  readonly receiver: Receiver;
}

async function open(connectionString: string): Promise<Open> {
  const transport = azureServiceBusTransport({ connectionString, lockDurationMs: 1_000 });
  const criticals: Error[] = [];
  const connection = await transport.connect({
    ...host,
    onCritical: (e) => void criticals.push(e),
  });
  await connection.queues.provision([{ name: 'sales' }]);
  const settings = { queue: 'sales', concurrency: 2, suspicionAfter: 5, ordered: false };
  const receiver = connection.createReceiver(settings);
  return { connection, receiver, [Symbol.asyncDispose]: () => connection.close() };
}

const send = (connection: TransportConnection, id: string): Promise<unknown> =>
  connection.dispatch([
    {
      message: { headers: { 'busbar-message-id': id }, body: new Uint8Array([1]) },
      destination: { kind: 'queue', queue: 'sales' },
    },
  ]);

test.for(['detachLinks', 'dropConnections'] as const)(
  'a message that is held over %s should be settled and not come again',
  async (fault, context) => {
    const { options, emulated } = await namespaceForTests();
    if (emulated === undefined) return context.skip(needsOurEmulator);
    await using opened = await open(options.connectionString ?? '');
    const { connection, receiver } = opened;
    const began = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const handled: string[] = [];
    await receiver.start(
      async ({ headers }) => {
        const id = headers['busbar-message-id'] ?? '';
        handled.push(id);
        if (id !== 'held') return 'settle';
        began.resolve();
        await goOn.promise;
        return 'settle';
      },
      async () => ({ action: 'release' }),
    );
    await send(connection, 'held');
    await within(limitMs, 'the handler to begin', began.promise);
    emulated.control[fault]();
    await send(connection, 'after');
    await until(limitMs, 'the receiver to come back', () => handled.includes('after'));
    goOn.resolve();
    const empty = (): boolean => emulated.control.counts('sales').active === 0;
    await until(limitMs, 'all to be settled', empty);
    expect(handled.filter((id) => id === 'held')).toHaveLength(1);
  },
);

test('a link that the SDK lost and does not open again should be replaced', async (context) => {
  const { options, emulated } = await namespaceForTests();
  if (emulated === undefined) return context.skip(needsOurEmulator);
  emulated.control.createQueue('sales');
  const clock = new HandClock();
  const client = makeClient(checkOptions(options), 'test');
  const handled = Promise.withResolvers<void>();
  const receiver = { queue: 'sales', concurrency: 2, suspicionAfter: 5, ordered: false };
  const holdings = new Holdings({
    host: { ...host, onCritical: handled.reject },
    receiver,
    lockDurationMs: 60_000,
    retries: 0,
    maxBodyBytes: 1_000,
    solitude: new Solitude(),
  });
  const intake = new StreamIntake({
    ...receiver,
    client,
    prefetchFactor: 1,
    clock,
    holdings,
    owner: { refused: (_, error) => handled.reject(error) },
    logger: silentLogger,
  });
  holdings.open();
  holdings.pump.start(
    async () => {
      handled.resolve();
      return 'settle';
    },
    async () => ({ action: 'release' }),
  );
  const opened: { closeLink(): Promise<void>; link?: { isOpen(): boolean } }[] = [];
  const { createReceiver } = client;
  // The SDK's own object, to lose its link as a bug of it would.
  client.createReceiver = ((...parts: Parameters<typeof createReceiver>) => {
    const made = createReceiver.apply(client, parts);
    const inside = made as unknown as { _streamingReceiver?: (typeof opened)[number] };
    queueMicrotask(() => {
      if (inside._streamingReceiver !== undefined) opened.push(inside._streamingReceiver);
    });
    return made;
  }) as typeof createReceiver;
  intake.start();
  await until(limitMs, 'the link to open', () => opened[0]?.link?.isOpen() === true);
  await opened[0]?.closeLink();
  const sender = client.createSender('sales');
  await sender.sendMessages({ body: Buffer.from('a') });
  clock.advance(5_000);
  expect(opened).toHaveLength(1);
  clock.advance(5_000);
  await within(limitMs, 'the message over another link', handled.promise);
  await until(limitMs, 'it to be settled', () => emulated.control.counts('sales').active === 0);
  await intake.quiet();
  await intake.close();
  await client.close();
});
