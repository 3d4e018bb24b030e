import type { ServiceBusClient, ServiceBusSessionReceiverOptions } from '@azure/service-bus';
import { silentLogger, systemClock } from '@busbar/core';
import { expect, test } from 'vitest';
import { until } from '../../../../test/support/rabbitmq/bounded-wait.ts';
import {
  namespaceForTests,
  needsOurEmulator,
} from '../../../../test/support/service-bus/namespace-for-tests.ts';
import { makeClient } from '../../src/connection/clients.ts';
import { Holdings } from '../../src/receiving/holdings.ts';
import { Solitude } from '../../src/receiving/solitude.ts';
import { SessionStarts } from '../../src/receiving/session-starts.ts';
import { SessionIntake } from '../../src/receiving/session-intake.ts';
import { checkOptions } from '../../src/service-bus-options.ts';
import { PastTheTransport } from '../support/past-the-transport.ts';
import { slowNetwork } from '../support/slow-network.ts';
import { startReceiver } from '../support/start-receiver.ts';

const limitMs = 15_000;

test.for(['dropConnections', 'detachLinks'] as const)(
  'a session that is lost over %s should leave its place to the next',
  async (fault, context) => {
    let attempts = 0;
    await using started = await startReceiver(context, {
      ordered: true,
      options: (connectionString) => ({ connectionString, lockDurationMs: 1_000 }),
      onMessage: async () => {
        attempts += 1;
        if (attempts === 1) started.control[fault]();
        return 'settle';
      },
    });
    const { send, control, begun } = started;
    await send('m1', 'k1');
    await until(limitMs, 'the first to begin', () => begun.length > 0);
    await send('m2', 'k2');
    await until(limitMs, 'all to be settled', () => control.counts('sales').active === 0);
    expect(new Set(begun)).toEqual(new Set(['m1', 'm2']));
  },
);

test('a message whose settlement is refused should come again, and before what is behind it', async (context) => {
  let attempts = 0;
  await using started = await startReceiver(context, {
    ordered: true,
    options: (connectionString) => ({ connectionString, retries: 0 }),
    onMessage: async () => {
      attempts += 1;
      if (attempts === 1) {
        await started.send('m2', 'k');
        started.control.failNext({ operation: 'settle', condition: 'com.microsoft:server-busy' });
      }
      return 'settle';
    },
  });
  const { send, control, begun } = started;
  await send('m1', 'k');
  await until(limitMs, 'all to be settled', () => control.counts('sales').active === 0);
  expect(begun).toEqual(['m1', 'm1', 'm2']);
});

test('a message should count its starts that the service does not count', async (context) => {
  const { options, emulated } = await namespaceForTests();
  if (emulated === undefined) return context.skip(needsOurEmulator);
  emulated.control.createQueue('sales', { requiresSession: true });
  const past = new PastTheTransport({ options, emulated });
  const starts: number[] = [];
  await past.client.createSender('sales').sendMessages({ body: Buffer.of(1), sessionId: 'k' });
  for (let turn = 0; turn < 4; turn += 1) {
    const session = await past.client.acceptNextSession('sales');
    const [message] = await session.receiveMessages(1);
    if (message === undefined) throw new Error('The message was not received.');
    expect(message.deliveryCount).toBe(0);
    const noted = new SessionStarts(session);
    starts.push(await noted.begin(message));
    // As the service sees it, a process that dies gives the session up.
    if (turn === 2) await noted.end(message);
    if (turn < 3) await session.close();
    else {
      await session.completeMessage(message);
      await noted.end(undefined);
      expect(await session.getSessionState()).toBeNull();
    }
  }
  await past.close();
  expect(starts).toEqual([0, 1, 2, 2]);
});

test('a start should count though the message was handed back before it, as for a mark', async (context) => {
  const { options, emulated } = await namespaceForTests();
  if (emulated === undefined) return context.skip(needsOurEmulator);
  emulated.control.createQueue('sales', { requiresSession: true });
  const past = new PastTheTransport({ options, emulated });
  await past.client.createSender('sales').sendMessages({ body: Buffer.of(1), sessionId: 'k' });
  const session = await past.client.acceptNextSession('sales');
  const noted = new SessionStarts(session);
  for (const note of ['1', undefined]) {
    const [message] = await session.receiveMessages(1);
    if (message === undefined) throw new Error('The message was not received.');
    expect(await noted.begin(message)).toBe(0);
    if (note !== undefined) await session.abandonMessage(message, { 'x-busbar-handed-back': note });
  }
  // Its process dies.
  await session.close();
  const next = await past.client.acceptNextSession('sales');
  const [message] = await next.receiveMessages(1);
  if (message === undefined) throw new Error('The message was not received.');
  expect(message.deliveryCount).toBe(1);
  expect(await new SessionStarts(next).begin(message)).toBe(1);
  await past.close();
});

/** Takes sessions of the queue `sales` over `client`, and settles what comes at once. */
function takeSessions(client: ServiceBusClient, deliveryCounts: number[]): SessionIntake {
  const receiver = { queue: 'sales', concurrency: 1, suspicionAfter: 5, ordered: true };
  const clock = systemClock;
  const holdings = new Holdings({
    host: { endpoint: 'test', instance: 'i', clock, logger: silentLogger, onCritical: () => {} },
    receiver,
    lockDurationMs: 60_000,
    retries: 0,
    maxBodyBytes: 1_000,
    solitude: new Solitude(),
  });
  holdings.pump.start(
    async ({ delivery }) => {
      deliveryCounts.push(delivery.deliveryCount);
      return 'settle';
    },
    async () => ({ action: 'release' }),
  );
  const owner = { refused: () => {} };
  const intake = new SessionIntake({ ...receiver, client, clock, holdings, owner });
  intake.start();
  return intake;
}

test('sessions should be received over a network on which messages take long', async (context) => {
  const { options, emulated } = await namespaceForTests();
  if (emulated === undefined) return context.skip(needsOurEmulator);
  emulated.control.createQueue('sales', { requiresSession: true });
  const past = new PastTheTransport({ options, emulated });
  const messages = [1, 2].map((n) => ({ body: Buffer.of(n), sessionId: 'k' }));
  await past.client.createSender('sales').sendMessages(messages);
  const { connectionString = '' } = options;
  // There and back takes longer than the SDK waits when it ends a question.
  await using network = await slowNetwork(Number(/:(\d+)/.exec(connectionString)?.[1]), 110);
  const slowly = { connectionString: connectionString.replace(/:\d+/, `:${network.port}`) };
  const client = makeClient(checkOptions(slowly), 'test');
  const counts: number[] = [];
  const intake = takeSessions(client, counts);
  await until(limitMs, 'all to be settled', () => emulated.control.counts('sales').active === 0);
  expect(counts).toEqual([1, 1]);
  await intake.close();
  await past.close();
  // The SDK waits in vain for the session that it no longer wants; the end of the network tells it.
  client.close().catch(() => undefined);
});

test('each wait for a session should have a signal of its own', async (context) => {
  const { options, emulated } = await namespaceForTests();
  if (emulated === undefined) return context.skip(needsOurEmulator);
  emulated.control.createQueue('sales', { requiresSession: true });
  const client = makeClient(checkOptions(options), 'test');
  const signals: unknown[] = [];
  const { acceptNextSession } = client;
  client.acceptNextSession = ((queue: string, more: ServiceBusSessionReceiverOptions) => {
    signals.push(more.abortSignal);
    return acceptNextSession.call(client, queue, more as never);
  }) as typeof acceptNextSession;
  const intake = takeSessions(client, []);
  const sender = client.createSender('sales');
  for (const sessionId of ['a', 'b', 'c']) {
    await sender.sendMessages({ body: Buffer.of(1), sessionId });
  }
  await until(limitMs, 'three turns', () => signals.length > 3);
  expect(new Set(signals).size).toBe(signals.length);
  await intake.close();
  await client.close();
});
