import { Command, Event, defineRoutes, handler } from '@busbar/core';
import { createHarness, noRetries } from '@busbar/testing';
import { describe, expect, test } from 'vitest';

class PlaceOrder extends Command('Sales.PlaceOrder')<{ orderId: string }> {}
class OrderRejected extends Event('Sales.OrderRejected')<{ orderId: string }> {}
class NoteAttempt extends Command('Sales.NoteAttempt')<{ orderId: string }> {}

const routes = defineRoutes({ sales: [PlaceOrder, NoteAttempt] });

describe('when dispatch is immediate', () => {
  test('should leave although the handler fails, once more with each attempt', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', {
      routes,
      recoverability: { ...noRetries, immediate: 2 },
      handlers: [
        handler(PlaceOrder, async ({ orderId }, context) => {
          await context.publish(new OrderRejected({ orderId }), { dispatch: 'immediate' });
          await context.sendLocal(new NoteAttempt({ orderId }));
          throw new Error('no stock');
        }),
      ],
    });
    harness.endpoint('mail', { handlers: [handler(OrderRejected, () => {})] });
    await harness.start();
    await sales.send(new PlaceOrder({ orderId: 'A-1' }));
    await harness.settled();
    expect(harness.handled(OrderRejected)).toHaveLength(3);
    expect(harness.sent(NoteAttempt)).toHaveLength(0);
    const ids = harness.outgoing.slice(1).map(({ headers }) => headers['busbar-message-id']);
    expect(new Set(ids).size).toBe(3);
  });

  test('should have left before the handler goes on', async () => {
    await using harness = createHarness();
    const handled = Promise.withResolvers<void>();
    const sales = harness.endpoint('sales', {
      routes,
      handlers: [
        handler(PlaceOrder, async ({ orderId }, context) => {
          await context.publish(new OrderRejected({ orderId }), { dispatch: 'immediate' });
          await handled.promise;
        }),
      ],
    });
    harness.endpoint('mail', { handlers: [handler(OrderRejected, () => handled.resolve())] });
    await harness.start();
    await sales.send(new PlaceOrder({ orderId: 'A-1' }));
    await harness.settled();
    expect(harness.handled(PlaceOrder)).toHaveLength(1);
  });

  test('should belong to the conversation of the message all the same', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', {
      routes,
      handlers: [
        handler(PlaceOrder, ({ orderId }, context) =>
          context.publish(new OrderRejected({ orderId }), { dispatch: 'immediate' }),
        ),
      ],
    });
    await harness.start();
    await sales.send(new PlaceOrder({ orderId: 'A-1' }), { messageId: 'm-1' });
    await harness.settled();
    expect(harness.outgoing[1]?.headers).toMatchObject({
      'busbar-related-to': 'm-1',
      'busbar-conversation-id': 'm-1',
    });
  });

  test('should let the handler deal with a destination that does not exist', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', {
      routes,
      recoverability: noRetries,
      handlers: [
        handler(PlaceOrder, async ({ orderId }, context) => {
          try {
            await context.send(new NoteAttempt({ orderId }), {
              destination: 'nowhere',
              dispatch: 'immediate',
            });
          } catch {
            await context.publish(new OrderRejected({ orderId }));
          }
        }),
      ],
    });
    await harness.start();
    await sales.send(new PlaceOrder({ orderId: 'A-1' }));
    await harness.settled();
    expect(harness.handled(PlaceOrder)).toHaveLength(1);
    expect(harness.published(OrderRejected)).toHaveLength(1);
  });
});
