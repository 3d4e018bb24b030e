import {
  Command,
  type DispatchResult,
  Event,
  type Transport,
  type TransportOperation,
  createEndpoint,
  defineRoutes,
  handler,
  memoryPersistence,
  memoryTransport,
} from '@busbar/core';
import { createHarness, noRetries } from '@busbar/testing';
import { describe, expect, test } from 'vitest';

class PlaceOrder extends Command('Sales.PlaceOrder')<{ orderId: string }> {}
class ShipOrder extends Command('Shipping.ShipOrder')<{ orderId: string }> {}
class OrderPlaced extends Event('Sales.OrderPlaced')<{ orderId: string; line?: number }> {}

const routes = defineRoutes({ sales: [PlaceOrder], shipping: [ShipOrder] });
const placeOrder = new PlaceOrder({ orderId: 'A-1' });

type Judge = (operation: TransportOperation) => DispatchResult | undefined;

/** A transport that does not dispatch what `judge` has a result for. */
function judgedTransport(inner: Transport, judge: Judge): Transport {
  return {
    ...inner,
    connect: async (host) => {
      const connection = await inner.connect(host);
      return {
        createReceiver: (settings) => connection.createReceiver(settings),
        subscriptions: connection.subscriptions,
        queues: connection.queues,
        health: () => connection.health(),
        close: () => connection.close(),
        dispatch: async (operations) => {
          const judged = operations.map(judge);
          const rest = operations.filter((_, index) => judged[index] === undefined);
          const results = [...(await connection.dispatch(rest))];
          return judged.map((result) => result ?? results.shift()!);
        },
      };
    },
  };
}

const typeOf = ({ message }: TransportOperation): string | undefined =>
  message.headers['busbar-enclosed-types'];

describe('when nobody has dispatched what was committed', () => {
  test('should be sent by another instance, without a redelivery', async () => {
    await using harness = createHarness();
    const persistence = memoryPersistence();
    const connection = await persistence.connect({
      endpoint: 'sales',
      clock: harness.clock,
      logger: harness.logger,
      transport: await harness.transport.connect({
        endpoint: 'sales',
        instance: 'dead',
        clock: harness.clock,
        logger: harness.logger,
        onCritical: () => {},
      }),
    });
    const dying = await connection.begin();
    const headers = { 'busbar-message-id': 'e-1', 'busbar-enclosed-types': 'Sales.OrderPlaced' };
    const operation: TransportOperation = {
      message: { headers, body: Buffer.from('{"orderId":"A-1"}') },
      destination: { kind: 'topic', topics: ['Sales.OrderPlaced'] },
    };
    await dying.commit({
      operations: [operation, { ...operation, partitionKey: 'A-1' }],
      sagas: [],
    });
    harness.endpoint('sales', { persistence, outbox: { relayAfter: '10s', relayEvery: '1s' } });
    harness.endpoint('shipping', { handlers: [handler(OrderPlaced, () => {})] });
    await harness.start();
    await harness.advance('9s');
    expect(harness.handled(OrderPlaced)).toEqual([]);
    await harness.advance('4s');
    expect(harness.handled(OrderPlaced)).toHaveLength(2);
    await harness.advance('1m');
    expect(harness.handled(OrderPlaced)).toHaveLength(2);
  });

  test('should move what can never be delivered to the error queue, as itself', async () => {
    await using harness = createHarness();
    let refused = true;
    const sales = harness.endpoint('sales', {
      routes,
      persistence: memoryPersistence(),
      outbox: true,
      recoverability: noRetries,
      transport: judgedTransport(harness.transport, (operation) =>
        refused && typeOf(operation) === 'Shipping.ShipOrder' && isFirst(operation)
          ? { outcome: 'undeliverable', reason: 'The queue was removed.' }
          : undefined,
      ),
      handlers: [
        handler(PlaceOrder, async ({ orderId }, context) => {
          await context.send(new ShipOrder({ orderId }), { partitionKey: 'A-1' });
          await context.send(new ShipOrder({ orderId }));
          await context.publish(new OrderPlaced({ orderId }));
        }),
      ],
    });
    harness.endpoint('shipping', {
      handlers: [handler(ShipOrder, () => {}), handler(OrderPlaced, () => {})],
    });
    await harness.start();
    await sales.send(placeOrder);
    await harness.settled();
    expect(harness.handled(OrderPlaced)).toHaveLength(1);
    expect(sales.health().counts).toMatchObject({ handled: 1, failed: 0, movedToError: 2 });
    const failed = await harness.errorQueue();
    expect(failed).toMatchObject([
      {
        messageType: 'Shipping.ShipOrder',
        failure: {
          code: 'UNDELIVERABLE',
          queue: 'shipping',
          message: expect.stringContaining('The queue was removed.') as string,
        },
      },
      { messageType: 'Shipping.ShipOrder' },
    ]);
    refused = false;
    await harness.replay();
    await harness.settled();
    expect(harness.handled(ShipOrder)).toHaveLength(2);
  });

  test('should wait for a destination that fails, and hold up no other', async () => {
    await using harness = createHarness();
    let failing = true;
    let tries = 0;
    const persistence = memoryPersistence();
    const sales = harness.endpoint('sales', {
      routes,
      persistence,
      outbox: { relayEvery: '1s' },
      transport: judgedTransport(harness.transport, (operation) => {
        if (typeOf(operation) !== 'Shipping.ShipOrder') return undefined;
        tries += 1;
        return failing ? { outcome: 'unknown', reason: 'No confirm came.' } : undefined;
      }),
      handlers: [
        handler(PlaceOrder, async ({ orderId }, context) => {
          await context.send(new ShipOrder({ orderId }));
          await context.publish(new OrderPlaced({ orderId }));
        }),
      ],
    });
    harness.endpoint('shipping', {
      handlers: [handler(ShipOrder, () => {}), handler(OrderPlaced, () => {})],
    });
    await harness.start();
    for (let n = 0; n < 5; n += 1) await sales.send(placeOrder);
    await harness.settled();
    expect(harness.handled(OrderPlaced)).toHaveLength(5);
    expect(sales.health().counts).toMatchObject({ handled: 5, failed: 0 });
    expect(await harness.errorQueue()).toEqual([]);
    await harness.advance('2m');
    expect(harness.handled(ShipOrder)).toHaveLength(0);
    // A destination that fails is tried less and less often.
    expect(tries).toBeLessThan(60);
    expect(sales.health()).toMatchObject({
      status: 'degraded',
      problems: [expect.stringMatching(/^5 messages wait in the outbox, the oldest for 1\d\d s$/)],
    });
    failing = false;
    await harness.advance('2m');
    expect(harness.handled(ShipOrder)).toHaveLength(5);
    expect(harness.handled(OrderPlaced)).toHaveLength(5);
    expect(sales.health().status).toBe('healthy');
  });

  test('should keep the order of a key over failures, and let others pass', async () => {
    await using harness = createHarness();
    let failing = true;
    const seen: string[] = [];
    const sales = harness.endpoint('sales', {
      routes,
      persistence: memoryPersistence(),
      outbox: { relayEvery: '1s' },
      transport: judgedTransport(harness.transport, (operation) =>
        failing && operation.partitionKey === 'slow' && isShip(operation)
          ? { outcome: 'unknown', reason: 'No confirm came.' }
          : undefined,
      ),
      handlers: [
        handler(PlaceOrder, async ({ orderId }, context) => {
          const [key = '', number] = orderId.split(' ');
          const order = { orderId: `${key} ${number}` };
          const options = { partitionKey: key };
          if (key === 'slow') await context.send(new ShipOrder(order), options);
          else await context.publish(new OrderPlaced(order), options);
        }),
      ],
    });
    harness.endpoint('shipping', {
      handlers: [
        handler(ShipOrder, ({ orderId }) => void seen.push(orderId)),
        handler(OrderPlaced, ({ orderId }) => void seen.push(orderId)),
      ],
    });
    await harness.start();
    for (let n = 1; n <= 4; n += 1) {
      for (const key of ['slow', 'quick']) {
        await sales.send(new PlaceOrder({ orderId: `${key} ${n}` }), { partitionKey: key });
      }
      await harness.settled();
      if (n === 2) failing = false;
    }
    await harness.advance('1m');
    const ofKey = (key: string): string[] => seen.filter((each) => each.startsWith(key));
    expect(ofKey('quick')).toEqual([1, 2, 3, 4].map((n) => `quick ${n}`));
    expect(ofKey('slow')).toEqual([1, 2, 3, 4].map((n) => `slow ${n}`));
    expect(seen.indexOf('quick 2')).toBeLessThan(seen.indexOf('slow 1'));
  });

  test('should find before the commit that a destination does not exist', async () => {
    await using harness = createHarness();
    const persistence = memoryPersistence();
    const sales = harness.endpoint('sales', {
      routes,
      persistence,
      outbox: true,
      recoverability: noRetries,
      handlers: [
        handler(PlaceOrder, async (_, context) => {
          (context.storage as { set(key: string, value: unknown): void }).set('A-1', 'placed');
          await context.send(new ShipOrder({ orderId: 'A-1' }), { destination: 'nobody' });
        }),
      ],
    });
    await harness.start();
    await sales.send(placeOrder);
    await harness.settled();
    expect(persistence.committed.size).toBe(0);
    expect(await harness.errorQueue()).toMatchObject([
      { messageType: 'Sales.PlaceOrder', failure: { code: 'UNDELIVERABLE' } },
    ]);
  });
});

describe('the options of the outbox', () => {
  const persistence = memoryPersistence();
  const transport = memoryTransport();

  test.each([
    [{ relayEvery: 0 }, 'INVALID_CONFIGURATION', 'outbox.relayEvery is 0.'],
    [{ relayAfter: 'soon' }, 'INVALID_DURATION', 'outbox.relayAfter'],
    [{ relayAftr: '1s' }, 'UNKNOWN_OPTION', 'There is no option "outbox.relayAftr".'],
    ['yes', 'INVALID_CONFIGURATION', 'outbox is "yes".'],
    [null, 'INVALID_CONFIGURATION', 'outbox is null.'],
  ])('should be checked: %j', (outbox, code, message) => {
    expect(() =>
      createEndpoint('sales', { transport, persistence, outbox: outbox as never }),
    ).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) as string }),
    );
  });
});

function isShip(operation: TransportOperation): boolean {
  return typeOf(operation) === 'Shipping.ShipOrder';
}

function isFirst({ message, destination }: TransportOperation): boolean {
  return destination.kind === 'queue' && message.headers['busbar-failed-queue'] === undefined;
}
