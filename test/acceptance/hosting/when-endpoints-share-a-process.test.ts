import { Command, Event, defineRoutes, handler } from '@busbar/core';
import { createHarness, noRetries } from '@busbar/testing';
import { describe, expect, test } from 'vitest';
import { transports } from '../../support/transports.ts';

class PlaceOrder extends Command('Sales.PlaceOrder')<{ orderId: string }> {}
class OrderPlaced extends Event('Sales.OrderPlaced')<{ orderId: string }> {}

const routes = defineRoutes({ sales: [PlaceOrder] });

describe.each(transports)('when endpoints share a process on $name', (transport) => {
  test('should work, fail and stop each by itself', async () => {
    await using harness = await transport.harness();
    const sales = harness.endpoint('sales', {
      routes,
      handlers: [
        handler(PlaceOrder, ({ orderId }, context) =>
          context.publish(new OrderPlaced({ orderId })),
        ),
      ],
    });
    const billing = harness.endpoint('billing', {
      recoverability: noRetries,
      errorQueue: 'billing-error',
      handlers: [
        handler(OrderPlaced, () => {
          throw new Error('no account');
        }),
      ],
    });
    const shipping = harness.endpoint('shipping', { handlers: [handler(OrderPlaced, () => {})] });
    await harness.start();
    await sales.send(new PlaceOrder({ orderId: 'A-1' }));
    await harness.settled();
    expect(sales.health().counts).toMatchObject({ handled: 1, failed: 0 });
    expect(billing.health().counts).toMatchObject({ handled: 0, movedToError: 1 });
    expect(shipping.health().counts).toMatchObject({ handled: 1, failed: 0 });
    expect(await harness.errorQueue('billing-error')).toHaveLength(1);

    await billing.stop();
    await sales.send(new PlaceOrder({ orderId: 'A-2' }));
    await harness.settled();
    expect(shipping.health().counts.handled).toBe(2);
  });

  test('should reach an instance by its own name, and any of them by the shared one', async () => {
    await using harness = await transport.harness();
    const seen: string[] = [];
    const shop = harness.endpoint('shop', { routes, sendOnly: true });
    for (const instance of ['pod-1', 'pod-2']) {
      harness.endpoint('sales', {
        instance,
        handlers: [handler(PlaceOrder, ({ orderId }) => void seen.push(`${instance} ${orderId}`))],
      });
    }
    await harness.start();
    await shop.send(new PlaceOrder({ orderId: 'A-1' }), { destination: 'sales-pod-1' });
    await shop.send(new PlaceOrder({ orderId: 'A-2' }), { destination: 'sales-pod-2' });
    await harness.settled();
    expect(seen.toSorted()).toEqual(['pod-1 A-1', 'pod-2 A-2']);
    await shop.send(new PlaceOrder({ orderId: 'A-3' }));
    await harness.settled();
    expect(seen[2]).toMatch(/^pod-[12] A-3$/);
  });
});

describe('when endpoints share a process', () => {
  test('should retry from the queue of the instance to that very queue', async () => {
    await using harness = createHarness();
    const shop = harness.endpoint('shop', { routes, sendOnly: true });
    harness.endpoint('sales', {
      instance: 'pod-1',
      recoverability: { immediate: 0 },
      handlers: [
        handler(PlaceOrder, () => {
          throw new Error('no stock');
        }),
      ],
    });
    await harness.start();
    await shop.send(new PlaceOrder({ orderId: 'A-1' }), { destination: 'sales-pod-1' });
    await harness.advance('1h');
    expect(await harness.errorQueue()).toMatchObject([
      { failure: { queue: 'sales-pod-1', attempts: 4 } },
    ]);
  });
});
