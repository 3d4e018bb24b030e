import { Command, Event, Message, defineRoutes, handler } from '@busbar/core';
import { createHarness } from '@busbar/testing';
import { describe, expect, test } from 'vitest';
import { transports } from '../../support/transports.ts';

class PlaceOrder extends Command('Sales.PlaceOrder')<{ orderId: string }> {}
class OrderPlaced extends Event('Sales.OrderPlaced')<{ orderId: string }> {}
class Accepted extends Message('Sales.Accepted')<{ orderId: string }> {}
class Ask extends Command('Sales.Ask', { reply: Accepted })<{ orderId: string }> {}

const routes = defineRoutes({ sales: [PlaceOrder, Ask] });
const placeOrder = new PlaceOrder({ orderId: 'A-1' });

describe.each(transports)('when an endpoint only sends on $name', (transport) => {
  test('should send and publish without a queue of its own', async () => {
    await using harness = await transport.harness();
    const shop = harness.endpoint('shop', { routes, sendOnly: true });
    harness.endpoint('sales', {
      handlers: [handler(PlaceOrder, () => {}), handler(OrderPlaced, () => {})],
    });
    await harness.start();
    await shop.send(placeOrder);
    await shop.publish(new OrderPlaced({ orderId: 'A-1' }));
    await harness.settled();
    expect(harness.attempts).toHaveLength(2);
    const queues = await (await harness.queues()).list();
    expect(queues.map(({ name }) => name).toSorted()).toEqual(['error', 'sales']);
    expect(shop.health()).toMatchObject({ status: 'healthy', receivers: [] });
  });

  test('should be provisioned with the queues that it sends to', async () => {
    await using harness = await transport.harness();
    const shop = harness.endpoint('shop', { routes, sendOnly: true });
    expect(await shop.provision({ prune: true })).toEqual({
      queues: ['sales'],
      subscriptions: [],
      staleSubscriptions: [],
      pruned: true,
    });
  });
});

describe('when an endpoint only sends', () => {
  test('should refuse what needs a queue', async () => {
    await using harness = createHarness();
    const shop = harness.endpoint('shop', { routes, sendOnly: true });
    await harness.start();
    await expect(shop.sendLocal(placeOrder)).rejects.toMatchObject({
      code: 'SEND_ONLY',
      message: expect.stringContaining(
        'Endpoint "shop" is send-only, so it has no queue for sendLocal().',
      ) as string,
      help: 'Remove `sendOnly: true`.',
    });
    await expect(shop.request(new Ask({ orderId: 'A-1' }))).rejects.toMatchObject({
      code: 'SEND_ONLY',
    });
  });

  test('should refuse handlers', async () => {
    await using harness = createHarness();
    const handlers = [handler(PlaceOrder, () => {})];
    expect(() => harness.endpoint('shop', { sendOnly: true, handlers })).toThrow(
      expect.objectContaining({
        code: 'SEND_ONLY',
        help: 'Remove `sendOnly: true` to receive, or the handlers.',
      }),
    );
  });
});
