import { azureServiceBusTransport } from '@busbar/azure-service-bus';
import {
  type OnMessage,
  type ReceiverSettings,
  type TransportConnection,
  pause,
  silentLogger,
  systemClock,
} from '@busbar/core';
import { expect, test } from 'vitest';
import { startReceiver } from '../support/start-receiver.ts';
import {
  namespaceForTests,
  needsOurEmulator,
} from '../../../../test/support/service-bus/namespace-for-tests.ts';
import { until, within } from '../../../../test/support/rabbitmq/bounded-wait.ts';

const limitMs = 10_000;

test.for([{ ordered: false }, { ordered: true }])(
  'a suspect that is handled should be all that the process holds, and others come after it: %j',
  async ({ ordered }, context) => {
    const { options, emulated } = await namespaceForTests();
    if (emulated === undefined) return context.skip(needsOurEmulator);
    const { control } = emulated;
    const connect = (): Promise<TransportConnection> =>
      azureServiceBusTransport(options).connect({
        endpoint: 'test',
        instance: 'i',
        clock: systemClock,
        logger: silentLogger,
        onCritical: () => {},
      });
    const connection = await connect();
    await using _ = { [Symbol.asyncDispose]: () => connection.close() };
    // Another endpoint of the process.
    const other = await connect();
    await using _other = { [Symbol.asyncDispose]: () => other.close() };
    await connection.queues.provision([
      { name: 'sales', ordered },
      { name: 'billing' },
      { name: 'keyed', ordered: true },
    ]);
    const locked = (queue: string): number =>
      control.messages(queue).filter(({ lockedUntil }) => lockedUntil !== undefined).length;
    const began = Promise.withResolvers<number>();
    const goOn = Promise.withResolvers<void>();
    const handled: string[] = [];
    const start = async (
      settings: Partial<ReceiverSettings>,
      handle?: OnMessage,
    ): Promise<void> => {
      const receiver = (settings.queue === undefined ? connection : other).createReceiver({
        queue: 'sales',
        concurrency: 4,
        suspicionAfter: 500,
        ordered: false,
        ...settings,
      });
      await receiver.start(
        async (attempt) => {
          const result = (await handle?.(attempt)) ?? 'settle';
          handled.push(attempt.headers['busbar-message-id'] ?? '');
          return result;
        },
        async () => ({ action: 'retry' }),
      );
    };
    await start({ queue: 'billing' });
    await start({ queue: 'keyed', ordered: true });
    for (const id of ['suspect', 'behind it', 'last']) await send(connection, 'sales', id, id);
    await start({ suspicionAfter: 0, ordered }, async () => {
      if (handled.length === 0) {
        began.resolve(locked('sales'));
        await goOn.promise;
      }
      return 'settle';
    });

    expect(await within(limitMs, 'the suspect to begin', began.promise)).toBe(1);
    await send(connection, 'sales', 'late', 'late');
    await send(connection, 'billing', 'in another queue', 'b');
    await send(connection, 'keyed', 'in a session', 'k');
    await pause(systemClock, 300);
    expect([locked('sales'), locked('billing'), locked('keyed')]).toEqual([1, 0, 0]);
    expect(handled).toEqual([]);

    goOn.resolve();
    await until(limitMs, 'all to be handled', () => handled.length === 6);
    expect(['suspect', 'behind it', 'last']).toContain(handled[0]);
    await until(limitMs, 'all to be settled', () =>
      ['sales', 'billing', 'keyed'].every((queue) => control.counts(queue).active === 0),
    );
  },
);

test.for([{ ordered: false }, { ordered: true }])(
  'a suspect that loses its lock while it is handled should be handled again: %j',
  async ({ ordered }, context) => {
    let attempts = 0;
    await using started = await startReceiver(context, {
      ordered,
      suspicionAfter: 1,
      onMessage: async ({ delivery: { signal } }) => {
        attempts += 1;
        if (attempts > 3) return 'settle';
        started.control.expireLocks('sales');
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
        return 'settle';
      },
      options: (connectionString) => ({ connectionString, lockDurationMs: 5_000 }),
    });
    await started.send('suspect', 'k');
    await until(
      3 * limitMs,
      'it to be settled',
      () => started.control.counts('sales').active === 0,
    );
    expect(attempts).toBe(4);
    expect(started.control.counts('sales/$DeadLetterQueue').active).toBe(0);
  },
);

test('a suspect that loses its lock while it waits for its turn should keep nobody aside', async (context) => {
  const atWork = Promise.withResolvers<void>();
  const busy = Promise.withResolvers<void>();
  await using started = await startReceiver(context, { suspicionAfter: 0 });
  const { connection, control } = started;
  await connection.queues.provision([{ name: 'billing' }]);
  const settings = { queue: 'billing', concurrency: 1, suspicionAfter: 500, ordered: false };
  await connection.createReceiver(settings).start(
    async () => {
      atWork.resolve();
      await busy.promise;
      return 'settle';
    },
    async () => ({ action: 'retry' }),
  );
  await send(connection, 'billing', 'busy', 'b');
  await within(limitMs, 'the other to be at work', atWork.promise);
  await started.send('suspect', 'k');
  const isMarked = (): boolean =>
    control.messages('sales').some(({ lockedUntil, applicationProperties }) => {
      return lockedUntil !== undefined && 'x-busbar-alone' in applicationProperties;
    });
  await until(limitMs, 'it to wait for its turn', isMarked);
  control.expireLocks('sales');
  await until(
    limitMs,
    'it to have come again',
    () => control.messages('sales')[0]!.deliveryCount > 2,
  );
  expect(started.begun).toEqual([]);
  busy.resolve();
  await until(limitMs, 'it to be handled', () => control.counts('sales').active === 0);
  await send(connection, 'billing', 'after', 'b');
  await until(limitMs, 'the other to go on', () => control.counts('billing').active === 0);
});

test.for([{ ordered: false }, { ordered: true }])(
  'what waits in the process while a suspect is alone should be handled once, and settled: %j',
  async ({ ordered }, context) => {
    const alone = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    await using started = await startReceiver(context, {
      suspicionAfter: 0,
      onMessage: async () => {
        alone.resolve();
        await goOn.promise;
        return 'settle';
      },
    });
    const { connection, control } = started;
    await connection.queues.provision([{ name: 'billing', ordered }]);
    const atWork = Promise.withResolvers<void>();
    const busy = Promise.withResolvers<void>();
    const handled: string[] = [];
    const settings = { queue: 'billing', concurrency: 4, suspicionAfter: 500, ordered };
    await connection.createReceiver(settings).start(
      async ({ headers }) => {
        atWork.resolve();
        await busy.promise;
        await pause(systemClock, 150);
        handled.push(headers['busbar-message-id'] ?? '');
        return 'settle';
      },
      async () => ({ action: 'retry' }),
    );
    // Of one key: the second waits behind the first.
    for (const id of ['one', 'two', 'three']) await send(connection, 'billing', id, 'b');
    await within(limitMs, 'the first to be at work', atWork.promise);
    await started.send('suspect', 'k');
    await pause(systemClock, 200);
    busy.resolve();
    await within(limitMs, 'the suspect to be alone', alone.promise);
    goOn.resolve();
    await until(limitMs, 'all to be settled', () => control.counts('billing').active === 0);
    expect(handled).toEqual(['one', 'two', 'three']);
  },
);

async function send(
  connection: TransportConnection,
  queue: string,
  id: string,
  partitionKey: string,
): Promise<void> {
  await connection.dispatch([
    {
      message: { headers: { 'busbar-message-id': id }, body: new Uint8Array([1]) },
      destination: { kind: 'queue', queue },
      partitionKey,
    },
  ]);
}
