import {
  Command,
  type DispatchResult,
  Event,
  type Transport,
  type TransportOperation,
  defineRoutes,
  handler,
  memoryPersistence,
} from '@busbar/core';
import { createHarness } from '@busbar/testing';
import { describe, expect, test } from 'vitest';

class ShipOrder extends Command('Shipping.ShipOrder')<{ orderId: string }> {}
class OrderPlaced extends Event('Sales.OrderPlaced')<{ orderId: string }> {}

const routes = defineRoutes({ shipping: [ShipOrder] });

/** A transport whose dispatches are given to `dispatch` with what would have done them. */
function slowed(
  inner: Transport,
  dispatch: (
    operations: readonly TransportOperation[],
    next: () => Promise<readonly DispatchResult[]>,
  ) => Promise<readonly DispatchResult[]>,
): Transport {
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
        dispatch: (operations) => dispatch(operations, () => connection.dispatch(operations)),
      };
    },
  };
}

describe('when a destination of the outbox is slow', () => {
  test('should not hold up what goes elsewhere', async () => {
    await using harness = createHarness();
    const silent = Promise.withResolvers<void>();
    const persistence = memoryPersistence();
    const web = harness.endpoint('web', {
      routes,
      persistence,
      outbox: { relayEvery: '1s' },
      sendOnly: true,
      transport: slowed(harness.transport, async (operations, next) => {
        if (operations.some(({ destination }) => destination.kind === 'queue'))
          await silent.promise;
        return next();
      }),
    });
    harness.endpoint('shipping', {
      handlers: [handler(ShipOrder, () => {}), handler(OrderPlaced, () => {})],
    });
    await harness.start();
    const send = async (message: ShipOrder | OrderPlaced): Promise<void> => {
      const transaction = persistence.begin();
      const session = web.session.within(transaction);
      if (message instanceof ShipOrder) await session.send(message);
      else await session.publish(message);
      transaction.commit();
    };
    await send(new ShipOrder({ orderId: 'silent' }));
    await harness.advance('1s');
    for (let n = 0; n < 40; n += 1) {
      await send(new ShipOrder({ orderId: 'silent' }));
      await send(new OrderPlaced({ orderId: `A-${n}` }));
      await harness.advance('500ms');
    }
    expect(harness.handled(OrderPlaced)).toHaveLength(40);
    expect(harness.handled(ShipOrder)).toHaveLength(0);
    silent.resolve();
    await harness.advance('30s');
    expect(harness.handled(ShipOrder)).toHaveLength(41);
  });

  test('should note a lane while it is sent, so that no claim ends before', async () => {
    await using harness = createHarness();
    const persistence = memoryPersistence();
    const seen: string[] = [];
    let dispatched = 0;
    const settings = {
      routes,
      persistence,
      outbox: { relayEvery: '1s' },
      transport: slowed(harness.transport, async (_operations, next) => {
        dispatched += 1;
        await new Promise<void>((resolve) => void harness.clock.setTimer(resolve, 2_000));
        return next();
      }),
    } as const;
    const first = harness.endpoint('web', settings);
    harness.endpoint('web', { ...settings, instance: 'second' });
    harness.endpoint('shipping', {
      handlers: [handler(ShipOrder, ({ orderId }) => void seen.push(orderId))],
    });
    await harness.start();
    const transaction = persistence.begin();
    const session = first.session.within(transaction);
    const orders = Array.from({ length: 100 }, (_, index) => String(index));
    for (const orderId of orders) {
      await session.send(new ShipOrder({ orderId }), { partitionKey: 'one' });
    }
    transaction.commit();
    await harness.advance('5m');
    expect(seen).toEqual(orders);
    expect(dispatched).toBe(orders.length);
  });
});
