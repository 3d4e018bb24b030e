import {
  Command,
  Event,
  type HandlerContext,
  type MemoryStorage,
  defineRoutes,
  handler,
  memoryPersistence,
} from '@busbar/core';
import { createHarness, noRetries } from '@busbar/testing';
import { describe, expect, test } from 'vitest';
import { transports } from '../../support/transports.ts';

class PlaceOrder extends Command('Sales.PlaceOrder')<{ orderId: string }> {}
class OrderPlaced extends Event('Sales.OrderPlaced')<{ orderId: string }> {}

type Context = HandlerContext<typeof routes, MemoryStorage>;

const routes = defineRoutes({ sales: [PlaceOrder] });
const placeOrder = new PlaceOrder({ orderId: 'A-1' });

const countAndPublish = handler(PlaceOrder, async ({ orderId }, context: Context) => {
  const count = (context.storage.get(orderId) as number | undefined) ?? 0;
  context.storage.set(orderId, count + 1);
  await context.publish(new OrderPlaced({ orderId }));
});

describe.each(transports)('when a duplicate arrives on $name', (transport) => {
  test('should not be handled again, nor have its messages sent again', async () => {
    await using harness = await transport.harness();
    const persistence = memoryPersistence();
    const sales = harness.endpoint('sales', {
      routes,
      persistence,
      outbox: true,
      handlers: [countAndPublish],
    });
    harness.endpoint('shipping', { handlers: [handler(OrderPlaced, () => {})] });
    await harness.start();
    for (let times = 0; times < 3; times += 1) {
      await sales.send(placeOrder, { messageId: 'm-1' });
      await harness.settled();
    }
    await sales.send(placeOrder, { messageId: 'm-2' });
    await harness.settled();
    expect(persistence.committed.get('A-1')).toBe(2);
    expect(harness.handled(OrderPlaced)).toHaveLength(2);
    expect(sales.health().counts).toMatchObject({ handled: 2, deduplicated: 2, failed: 0 });
    expect(harness.observed('deduplicated')).toMatchObject([
      { endpoint: 'sales', headers: { 'busbar-message-id': 'm-1' } },
      { endpoint: 'sales', headers: { 'busbar-message-id': 'm-1' } },
    ]);
  });
});

describe('when a duplicate arrives', () => {
  test('should be found while the first one is still in its handler', async () => {
    await using harness = createHarness();
    const persistence = memoryPersistence();
    const both = Promise.withResolvers<void>();
    let inside = 0;
    const sales = harness.endpoint('sales', {
      routes,
      persistence,
      outbox: true,
      recoverability: noRetries,
      handlers: [
        handler(PlaceOrder, async (message, context: Context) => {
          inside += 1;
          if (inside === 2) both.resolve();
          await both.promise;
          await countAndPublish.handle(message as never, context as never);
        }),
      ],
    });
    await harness.start();
    await sales.send(placeOrder, { messageId: 'm-1' });
    await sales.send(placeOrder, { messageId: 'm-1' });
    await harness.settled();
    expect(persistence.committed.get('A-1')).toBe(1);
    // Both may dispatch what the one has stored, under one id.
    const ids = harness.outgoing.slice(2).map(({ headers }) => headers['busbar-message-id']);
    expect(new Set(ids).size).toBe(1);
    expect(harness.handled(PlaceOrder)).toHaveLength(1);
    expect(sales.health().counts).toMatchObject({ handled: 1, deduplicated: 1, failed: 0 });
  });

  test('should be handled by each endpoint that gets it, with operations of its own', async () => {
    await using harness = createHarness();
    const persistence = memoryPersistence();
    class Noted extends Event('Noted')<{ by: string }> {}
    const publisher = harness.endpoint('publisher');
    for (const name of ['shipping', 'billing']) {
      harness.endpoint(name, {
        persistence,
        outbox: true,
        handlers: [handler(OrderPlaced, (_, context) => context.publish(new Noted({ by: name })))],
      });
    }
    await harness.start();
    await publisher.publish(new OrderPlaced({ orderId: 'A-1' }), { messageId: 'm-1' });
    await harness.settled();
    expect(
      harness
        .published(Noted)
        .map(({ by }) => by)
        .toSorted(),
    ).toEqual(['billing', 'shipping']);
  });

  test('should be handled again when the first one failed, since nothing of it was kept', async () => {
    await using harness = createHarness();
    const persistence = memoryPersistence();
    let broken = true;
    const sales = harness.endpoint('sales', {
      routes,
      persistence,
      outbox: true,
      recoverability: noRetries,
      handlers: [
        handler(PlaceOrder, async (message, context: Context) => {
          await countAndPublish.handle(message as never, context as never);
          if (broken) throw new Error('no stock');
        }),
      ],
    });
    await harness.start();
    await sales.send(placeOrder, { messageId: 'm-1' });
    await harness.settled();
    expect(persistence.committed.size).toBe(0);
    expect(harness.published(OrderPlaced)).toEqual([]);
    broken = false;
    await harness.replay();
    await harness.settled();
    expect(persistence.committed.get('A-1')).toBe(1);
    expect(harness.published(OrderPlaced)).toHaveLength(1);
  });

  test('should be handled again once it is forgotten', async () => {
    await using harness = createHarness();
    const persistence = memoryPersistence({ keepDeduplication: '1h' });
    const sales = harness.endpoint('sales', {
      routes,
      persistence,
      outbox: true,
      handlers: [countAndPublish],
    });
    await harness.start();
    await sales.send(placeOrder, { messageId: 'm-1' });
    await harness.advance('59m');
    await sales.send(placeOrder, { messageId: 'm-1' });
    await harness.settled();
    expect(persistence.committed.get('A-1')).toBe(1);
    await harness.advance('30m');
    await sales.send(placeOrder, { messageId: 'another' });
    await harness.settled();
    await sales.send(placeOrder, { messageId: 'm-1' });
    await harness.settled();
    expect(persistence.committed.get('A-1')).toBe(3);
  });
});
