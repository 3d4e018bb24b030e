import { Command, Event, defineRoutes, handler } from '@busbar/core';
import { createHarness, noRetries } from '@busbar/testing';
import { describe, expect, test } from 'vitest';

class PlaceOrder extends Command('Sales.PlaceOrder')<{ orderId: string }> {}
class OrderPlaced extends Event('Sales.OrderPlaced')<{ by: string }> {}

const routes = defineRoutes({ sales: [PlaceOrder] });
const placeOrder = new PlaceOrder({ orderId: 'A-1' });

describe('when a message has several handlers', () => {
  test('should call them one after the other, in the order of registration', async () => {
    await using harness = createHarness();
    const called: string[] = [];
    const sales = harness.endpoint('sales', {
      routes,
      handlers: ['first', 'second', 'third'].map((name) =>
        handler(PlaceOrder, async () => {
          called.push(`${name} begins`);
          await Promise.resolve();
          called.push(`${name} ends`);
        }),
      ),
    });
    await harness.start();
    await sales.send(placeOrder);
    await harness.settled();
    expect(called).toEqual(
      ['first', 'second', 'third'].flatMap((name) => [`${name} begins`, `${name} ends`]),
    );
    expect(sales.health().counts.handled).toBe(1);
  });

  test('should send what all of them sent, once all have succeeded', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', {
      routes,
      recoverability: { ...noRetries, immediate: 1 },
      handlers: [
        handler(PlaceOrder, (_, context) => context.publish(new OrderPlaced({ by: 'first' }))),
        handler(PlaceOrder, async (_, context) => {
          await context.publish(new OrderPlaced({ by: 'second' }));
          if (context.attempt.immediate === 0) throw new Error('once');
        }),
      ],
    });
    await harness.start();
    await sales.send(placeOrder);
    await harness.settled();
    expect(harness.published(OrderPlaced)).toMatchObject([{ by: 'first' }, { by: 'second' }]);
  });

  test('should not call the later ones when one has failed, and name it', async () => {
    await using harness = createHarness();
    const called: string[] = [];
    const sales = harness.endpoint('sales', {
      routes,
      recoverability: noRetries,
      handlers: [
        handler(PlaceOrder, () => void called.push('first')),
        handler(
          PlaceOrder,
          () => {
            throw new Error('no stock');
          },
          { name: 'reserveStock' },
        ),
        handler(PlaceOrder, () => void called.push('third')),
      ],
    });
    await harness.start();
    await sales.send(placeOrder);
    await harness.settled();
    expect(called).toEqual(['first']);
    expect(await harness.errorQueue()).toMatchObject([{ failure: { handler: 'reserveStock' } }]);
  });

  test('should skip the later ones when one asks for it, and count as handled', async () => {
    await using harness = createHarness();
    const called: string[] = [];
    const sales = harness.endpoint('sales', {
      routes,
      handlers: [
        handler(PlaceOrder, async (_, context) => {
          called.push('first');
          context.stopHandlers();
          await context.publish(new OrderPlaced({ by: 'first' }));
        }),
        handler(PlaceOrder, () => void called.push('second')),
      ],
    });
    await harness.start();
    await sales.send(placeOrder);
    await harness.settled();
    expect(called).toEqual(['first']);
    expect(harness.published(OrderPlaced)).toHaveLength(1);
    expect(sales.health().counts.handled).toBe(1);
  });
});
