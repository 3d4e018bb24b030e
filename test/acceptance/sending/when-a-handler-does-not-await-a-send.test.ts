import { Command, Event, type HandlerContext, defineRoutes, handler } from '@busbar/core';
import { createHarness, noRetries } from '@busbar/testing';
import { describe, expect, test } from 'vitest';
import { object } from '../../support/schema.ts';

class PlaceOrder extends Command('Sales.PlaceOrder')<{ orderId: string }> {}
class OrderPlaced extends Event('Sales.OrderPlaced', object({ orderId: 'string' })) {}

const routes = defineRoutes({ sales: [PlaceOrder] });
const invalid = { orderId: 7 as unknown as string };

describe('when a handler does not await a send', () => {
  test('should leave with the rest all the same', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', {
      routes,
      handlers: [
        handler(PlaceOrder, ({ orderId }, context) => {
          void context.publish(new OrderPlaced({ orderId }));
        }),
      ],
    });
    await harness.start();
    await sales.send(new PlaceOrder({ orderId: 'A-1' }));
    await harness.settled();
    expect(harness.published(OrderPlaced)).toHaveLength(1);
    expect(harness.handled(PlaceOrder)).toHaveLength(1);
  });

  test('should take along what follows on it', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', {
      routes,
      handlers: [
        handler(PlaceOrder, (_, context) => {
          const publish = (orderId: string): Promise<void> =>
            context.publish(new OrderPlaced({ orderId }));
          void publish('A-1').then(() => publish('A-2'));
        }),
      ],
    });
    await harness.start();
    await sales.send(new PlaceOrder({ orderId: 'A-1' }));
    await harness.settled();
    expect(harness.published(OrderPlaced).map((event) => event.orderId)).toEqual(['A-1', 'A-2']);
  });

  test('should fail the attempt when the send fails, and leave no rejection unhandled', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', {
      routes,
      recoverability: noRetries,
      handlers: [
        handler(PlaceOrder, (_, context) => {
          void context.publish(new OrderPlaced(invalid));
        }),
      ],
    });
    await harness.start();
    await sales.send(new PlaceOrder({ orderId: 'A-1' }));
    await harness.settled();
    expect(await harness.errorQueue()).toMatchObject([{ failure: { code: 'MESSAGE_INVALID' } }]);
  });

  test('should not fail the attempt when the handler caught the failure', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', {
      routes,
      recoverability: noRetries,
      handlers: [
        handler(PlaceOrder, async ({ orderId }, context) => {
          await context.publish(new OrderPlaced(invalid)).catch(() => {});
          try {
            await context.publish(new OrderPlaced(invalid));
          } catch {
            await context.publish(new OrderPlaced({ orderId }));
          }
        }),
      ],
    });
    await harness.start();
    await sales.send(new PlaceOrder({ orderId: 'A-1' }));
    await harness.settled();
    expect(harness.handled(PlaceOrder)).toHaveLength(1);
    expect(harness.published(OrderPlaced)).toHaveLength(1);
  });

  test('should not leave when the handler throws after it', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', {
      routes,
      recoverability: noRetries,
      handlers: [
        handler(PlaceOrder, ({ orderId }, context) => {
          void context.publish(new OrderPlaced({ orderId }));
          void context.publish(new OrderPlaced(invalid));
          throw new Error('no stock');
        }),
      ],
    });
    await harness.start();
    await sales.send(new PlaceOrder({ orderId: 'A-1' }));
    await harness.settled();
    expect(harness.published(OrderPlaced)).toEqual([]);
    expect(harness.failures(PlaceOrder)[0]).toMatchObject({ message: 'no stock' });
  });
});

describe('when a context is kept after its handlers have ended', () => {
  test('should refuse to send on it', async () => {
    await using harness = createHarness();
    const kept: HandlerContext[] = [];
    const sales = harness.endpoint('sales', {
      routes,
      handlers: [handler(PlaceOrder, (_, context) => void kept.push(context))],
    });
    await harness.start();
    await sales.send(new PlaceOrder({ orderId: 'A-1' }), { messageId: 'm-1' });
    await harness.settled();
    const late = kept[0]!.publish(new OrderPlaced({ orderId: 'A-1' }));
    await expect(late).rejects.toMatchObject({
      code: 'SEND_OUTSIDE_CONTEXT',
      message: expect.stringContaining(
        'context of message m-1 after its handlers had ended',
      ) as string,
    });
    expect(harness.published(OrderPlaced)).toEqual([]);
  });

  test('should refuse to send on the context of an attempt that failed', async () => {
    await using harness = createHarness();
    const kept: HandlerContext[] = [];
    const sales = harness.endpoint('sales', {
      routes,
      recoverability: { ...noRetries, immediate: 1 },
      handlers: [
        handler(PlaceOrder, async ({ orderId }, context) => {
          kept.push(context);
          if (kept.length === 1) throw new Error('once');
          await kept[0]!.publish(new OrderPlaced({ orderId })).catch(() => {});
        }),
      ],
    });
    await harness.start();
    await sales.send(new PlaceOrder({ orderId: 'A-1' }));
    await harness.settled();
    expect(harness.handled(PlaceOrder)).toHaveLength(1);
    expect(harness.published(OrderPlaced)).toEqual([]);
  });
});
