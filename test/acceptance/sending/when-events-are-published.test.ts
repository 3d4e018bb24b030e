import { Command, Event, defineRoutes, handler } from '@busbar/core';
import { describe, expect, test } from 'vitest';
import { transports } from '../../support/transports.ts';

class PlaceOrder extends Command('Sales.PlaceOrder')<{ orderId: string }> {}
class OrderPlaced extends Event('Sales.OrderPlaced')<{ orderId: string }> {}

const routes = defineRoutes({ sales: [PlaceOrder] });

describe.each(transports)('when events are published on $name', (transport) => {
  test('should reach each subscriber once, from an endpoint and from a handler', async () => {
    await using harness = await transport.harness();
    const sales = harness.endpoint('sales', {
      routes,
      handlers: [
        handler(PlaceOrder, ({ orderId }, context) =>
          context.publish(new OrderPlaced({ orderId })),
        ),
      ],
    });
    harness.endpoint('billing', { handlers: [handler(OrderPlaced, () => {})] });
    harness.endpoint('shipping', { handlers: [handler(OrderPlaced, () => {})] });
    await harness.start();
    await sales.publish(new OrderPlaced({ orderId: 'A-1' }));
    await sales.send(new PlaceOrder({ orderId: 'A-2' }));
    await harness.settled();
    const handled = harness.attempts
      .filter(({ message }) => message instanceof OrderPlaced)
      .map(({ endpoint, message }) => `${endpoint} ${(message as OrderPlaced).orderId}`);
    expect(handled.sort()).toEqual(['billing A-1', 'billing A-2', 'shipping A-1', 'shipping A-2']);
  });

  test('should reach one of several instances of a subscriber', async () => {
    await using harness = await transport.harness();
    const sales = harness.endpoint('sales');
    const subscriber = { handlers: [handler(OrderPlaced, () => {})] };
    harness.endpoint('shipping', subscriber);
    harness.endpoint('shipping', subscriber);
    await harness.start();
    for (let index = 0; index < 20; index += 1) {
      await sales.publish(new OrderPlaced({ orderId: `A-${index}` }));
    }
    await harness.settled();
    const ids = harness.handled(OrderPlaced).map(({ orderId }) => orderId);
    expect(ids).toHaveLength(20);
    expect(new Set(ids).size).toBe(20);
  });

  test('should reach a publisher that subscribes to its own event', async () => {
    await using harness = await transport.harness();
    const sales = harness.endpoint('sales', { handlers: [handler(OrderPlaced, () => {})] });
    await harness.start();
    await sales.publish(new OrderPlaced({ orderId: 'A-1' }));
    await harness.settled();
    expect(harness.handled(OrderPlaced)).toHaveLength(1);
  });

  test('should not be an error where nobody subscribes', async () => {
    await using harness = await transport.harness();
    const sales = harness.endpoint('sales');
    await harness.start();
    await sales.publish(new OrderPlaced({ orderId: 'A-1' }));
    await harness.settled();
    expect(harness.published(OrderPlaced)).toHaveLength(1);
    expect(await harness.errorQueue()).toEqual([]);
  });
});
