import { Command, Event, Message, defineRoutes, handler } from '@busbar/core';
import { createHarness, noRetries } from '@busbar/testing';
import { describe, expect, test } from 'vitest';

class PlaceOrder extends Command('Sales.PlaceOrder')<{ orderId: string }> {}
class OrderPlaced extends Event('Sales.OrderPlaced')<{ orderId: string }> {}
class PriorityOrderPlaced extends Event('Sales.PriorityOrderPlaced', { extends: OrderPlaced })<{
  level: number;
}> {}
class Quote extends Message('Sales.Quote')<{ price: number }> {}
class GetQuote extends Command('Sales.GetQuote', { reply: Quote })<{ sku: string }> {}

const routes = defineRoutes({ sales: [PlaceOrder, GetQuote] });

describe('when a service is tested in a harness', () => {
  test('should record what was sent, published, replied and handled', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', {
      routes,
      handlers: [
        handler(PlaceOrder, ({ orderId }, context) =>
          context.publish(new OrderPlaced({ orderId })),
        ),
        handler(GetQuote, (_, context) => context.reply(new Quote({ price: 7 }))),
      ],
    });
    harness.endpoint('shipping', { handlers: [handler(OrderPlaced, () => {})] });
    await harness.start();

    await sales.send(new PlaceOrder({ orderId: 'A-1' }));
    const quote = await sales.request(new GetQuote({ sku: 'x' }));
    await harness.settled();

    expect(quote.price).toBe(7);
    expect(harness.sent(PlaceOrder)).toEqual([new PlaceOrder({ orderId: 'A-1' })]);
    expect(harness.published(OrderPlaced)).toEqual([new OrderPlaced({ orderId: 'A-1' })]);
    expect(harness.replied(Quote)).toEqual([new Quote({ price: 7 })]);
    expect(harness.handled(PlaceOrder)).toMatchObject([{ orderId: 'A-1' }]);
    expect(harness.handled(OrderPlaced)).toMatchObject([{ orderId: 'A-1' }]);
    expect(harness.outgoing[0]).toMatchObject({ endpoint: 'sales', destination: 'sales' });
  });

  test('should count a derived event as one of its base', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales');
    await harness.start();
    await sales.publish(new PriorityOrderPlaced({ orderId: 'A-1', level: 2 }));
    expect(harness.published(OrderPlaced)).toHaveLength(1);
    expect(harness.published(PriorityOrderPlaced)).toHaveLength(1);
  });

  test('should not record what a failed attempt sent', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', {
      routes,
      recoverability: { ...noRetries, immediate: 2 },
      handlers: [
        handler(PlaceOrder, async ({ orderId }, context) => {
          await context.publish(new OrderPlaced({ orderId }));
          throw new Error('no stock');
        }),
      ],
    });
    await harness.start();
    await sales.send(new PlaceOrder({ orderId: 'A-1' }));
    await harness.settled();
    expect(harness.published(OrderPlaced)).toEqual([]);
    expect(harness.handled(PlaceOrder)).toEqual([]);
    expect(harness.failures(PlaceOrder).map((error) => error.message)).toEqual(
      Array.from({ length: 3 }, () => 'no stock'),
    );
    expect(harness.logger.messages('error')).toEqual([
      'A message was moved to the error queue "error"',
    ]);
  });

  test('should decode the error queue and replay it', async () => {
    await using harness = createHarness();
    let broken = true;
    const sales = harness.endpoint('sales', {
      routes,
      recoverability: noRetries,
      handlers: [
        handler(
          PlaceOrder,
          () => {
            if (broken) throw new RangeError('no stock');
          },
          { name: 'placeOrder' },
        ),
      ],
    });
    await harness.start();
    await sales.send(new PlaceOrder({ orderId: 'A-1' }), { messageId: 'm-1' });
    await harness.settled();

    expect(await harness.errorQueue()).toMatchObject([
      {
        messageId: 'm-1',
        messageType: 'Sales.PlaceOrder',
        json: { orderId: 'A-1' },
        failure: {
          queue: 'sales',
          at: new Date('2026-01-01T00:00:00Z'),
          attempts: 1,
          type: 'RangeError',
          message: 'no stock',
          handler: 'placeOrder',
          endpoint: 'sales',
        },
      },
    ]);

    broken = false;
    expect(await harness.replay()).toBe(1);
    await harness.settled();
    expect(await harness.errorQueue()).toEqual([]);
    expect(harness.handled(PlaceOrder)).toHaveLength(1);
  });

  test('should put foreign messages into queues', async () => {
    await using harness = createHarness();
    harness.endpoint('sales', { handlers: [handler(PlaceOrder, () => {})] });
    await harness.start();
    await harness.inject('sales', { body: 'rubbish' });
    await harness.settled();
    expect(await harness.errorQueue()).toMatchObject([{ failure: { code: 'UNDECODABLE' } }]);
    await expect(harness.inject('nowhere', {})).rejects.toThrow('Queue "nowhere" did not take');
  });
});
