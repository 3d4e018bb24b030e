import { Command, Event, Message, defineRoutes, handler } from '@busbar/core';
import { createHarness } from '@busbar/testing';
import { describe, expect, test } from 'vitest';

class PlaceOrder extends Command('Sales.PlaceOrder')<{ orderId: string }> {}
class OrderPlaced extends Event('Sales.OrderPlaced')<{ orderId: string }> {}
class Accepted extends Message('Sales.Accepted')<{ orderId: string }> {}

const routes = defineRoutes({ sales: [PlaceOrder] });

describe('when the caller gives an id', () => {
  test('should be the id of what is sent, published and replied', async () => {
    await using harness = createHarness();
    const ids: string[] = [];
    const client = harness.endpoint('client', {
      routes,
      handlers: [
        handler(OrderPlaced, (_, context) => void ids.push(context.messageId)),
        handler(Accepted, (_, context) => void ids.push(context.messageId)),
      ],
    });
    harness.endpoint('sales', {
      handlers: [
        handler(PlaceOrder, async ({ orderId }, context) => {
          ids.push(context.messageId);
          await context.publish(new OrderPlaced({ orderId }), { messageId: `placed-${orderId}` });
          await context.reply(new Accepted({ orderId }), { messageId: `accepted-${orderId}` });
        }),
      ],
    });
    await harness.start();
    await client.send(new PlaceOrder({ orderId: 'A-1' }), { messageId: 'place-A-1' });
    await harness.settled();
    expect(ids).toEqual(['place-A-1', 'placed-A-1', 'accepted-A-1']);
  });

  test('should be a random one of its own otherwise', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', { routes, handlers: [handler(PlaceOrder, () => {})] });
    await harness.start();
    await sales.send(new PlaceOrder({ orderId: 'A-1' }));
    await sales.send(new PlaceOrder({ orderId: 'A-1' }));
    const ids = harness.outgoing.map(({ headers }) => headers['busbar-message-id']);
    expect(new Set(ids).size).toBe(2);
    expect(ids[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f-]{27}$/);
  });

  test('should not be deduplicated where there is no outbox', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', { routes, handlers: [handler(PlaceOrder, () => {})] });
    await harness.start();
    await sales.send(new PlaceOrder({ orderId: 'A-1' }), { messageId: 'm-1' });
    await sales.send(new PlaceOrder({ orderId: 'A-1' }), { messageId: 'm-1' });
    await harness.settled();
    expect(harness.handled(PlaceOrder)).toHaveLength(2);
  });

  test.each([
    ['', 'empty'],
    ['x'.repeat(201), '201 characters long'],
    ['a\0b', 'has a null character'],
    ['a\ud800b', 'has a lone surrogate'],
    [7 as unknown as string, 'number'],
  ])('should refuse %j', async (messageId) => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', { routes });
    await harness.start();
    const sending = sales.send(new PlaceOrder({ orderId: 'A-1' }), { messageId });
    await expect(sending).rejects.toMatchObject({
      code: 'INVALID_HEADER',
      help: 'Give it a string of 1 to 200 characters, without null characters and lone surrogates.',
      details: { option: 'messageId' },
    });
  });

  test('should be the id that the broker gave where a foreign sender wrote none', async () => {
    await using harness = createHarness();
    const ids: string[] = [];
    harness.endpoint('sales', {
      handlers: [handler(PlaceOrder, (_, context) => void ids.push(context.messageId))],
    });
    await harness.start();
    await harness.inject('sales', {
      headers: { 'busbar-enclosed-types': 'Sales.PlaceOrder' },
      body: '{"orderId":"A-1"}',
    });
    await harness.settled();
    expect(ids).toEqual([expect.stringMatching(/^m\d+$/)]);
  });
});
