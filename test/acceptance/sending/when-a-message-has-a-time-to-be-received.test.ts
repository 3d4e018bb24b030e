import { Command, Message, defineRoutes, handler } from '@busbar/core';
import { createHarness } from '@busbar/testing';
import { describe, expect, test } from 'vitest';

class ShowPrice extends Command('Shop.ShowPrice', { timeToBeReceived: '10s' })<{ sku: string }> {}
class PlaceOrder extends Command('Sales.PlaceOrder')<{ orderId: string }> {}
class Accepted extends Message('Sales.Accepted')<{ orderId: string }> {}

const routes = defineRoutes({ sales: [PlaceOrder], shop: [ShowPrice] });

describe('when a message has a time to be received', () => {
  test('should be handled in time', async () => {
    await using harness = createHarness();
    const sender = harness.endpoint('sender', { routes });
    const shop = harness.endpoint('shop', { handlers: [handler(ShowPrice, () => {})] });
    await sender.start();
    await sender.send(new ShowPrice({ sku: 'x' }));
    await harness.advance(9_999);
    await shop.start();
    await harness.settled();
    expect(harness.handled(ShowPrice)).toHaveLength(1);
  });

  test('should be dropped, counted and logged when it comes too late', async () => {
    await using harness = createHarness();
    const sender = harness.endpoint('sender', { routes });
    const shop = harness.endpoint('shop', { handlers: [handler(ShowPrice, () => {})] });
    await sender.start();
    await sender.send(new ShowPrice({ sku: 'x' }), { messageId: 'm-1' });
    await harness.advance('10s');
    await shop.start();
    await harness.settled();
    expect(harness.attempts).toEqual([]);
    expect(shop.health().counts).toMatchObject({ expired: 1, handled: 0, movedToError: 0 });
    expect(harness.observed('expired')).toMatchObject([{ endpoint: 'shop', queue: 'shop' }]);
    expect(harness.logger.entries).toContainEqual({
      level: 'info',
      message: 'A message was dropped: its time to be received is over',
      fields: { endpoint: 'shop', messageId: 'm-1', queue: 'shop' },
    });
  });

  test('should use the time of the send before the one of the type', async () => {
    await using harness = createHarness();
    const sender = harness.endpoint('sender', { routes });
    const shop = harness.endpoint('shop', { handlers: [handler(ShowPrice, () => {})] });
    await sender.start();
    await sender.send(new ShowPrice({ sku: 'long' }), { timeToBeReceived: '1h' });
    await sender.send(new ShowPrice({ sku: 'short' }), { timeToBeReceived: '1s' });
    await harness.advance('5s');
    await shop.start();
    await harness.settled();
    expect(harness.handled(ShowPrice)).toMatchObject([{ sku: 'long' }]);
  });

  test('should count from the moment at which a delayed message is due', async () => {
    await using harness = createHarness();
    const shop = harness.endpoint('shop', { routes, handlers: [handler(ShowPrice, () => {})] });
    await harness.start();
    await shop.send(new ShowPrice({ sku: 'x' }), { delay: '1h' });
    await harness.advance('1h');
    expect(harness.handled(ShowPrice)).toHaveLength(1);
  });

  test('should go on through delayed retries', async () => {
    await using harness = createHarness();
    const shop = harness.endpoint('shop', {
      routes,
      handlers: [
        handler(ShowPrice, () => {
          throw new Error('no price');
        }),
      ],
    });
    await harness.start();
    await shop.send(new ShowPrice({ sku: 'x' }));
    await harness.advance('1h');
    expect(harness.failures(ShowPrice)).toHaveLength(6);
    expect(shop.health().counts).toMatchObject({ delayed: 1, expired: 1, movedToError: 0 });
  });

  test('should hold for a reply that says so', async () => {
    await using harness = createHarness();
    const client = harness.endpoint('client', { routes, handlers: [handler(Accepted, () => {})] });
    const sales = harness.endpoint('sales', {
      handlers: [
        handler(PlaceOrder, ({ orderId }, context) =>
          context.reply(new Accepted({ orderId }), { timeToBeReceived: '5s', delay: '1m' }),
        ),
      ],
    });
    await client.start();
    await client.send(new PlaceOrder({ orderId: 'A-1' }));
    await sales.start();
    await harness.advance('65s');
    expect(harness.outgoing.at(-1)?.headers['busbar-expires-at']).toBe('2026-01-01T00:01:05.000Z');
    expect(harness.handled(Accepted)).toHaveLength(1);
  });

  test('should send a message whose header is no time to the error queue', async () => {
    await using harness = createHarness();
    harness.endpoint('shop', { handlers: [handler(ShowPrice, () => {})] });
    await harness.start();
    await harness.inject('shop', { headers: { 'busbar-expires-at': 'tomorrow' } });
    await harness.settled();
    expect(await harness.errorQueue()).toMatchObject([{ failure: { code: 'UNDECODABLE' } }]);
  });
});
