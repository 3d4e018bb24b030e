import {
  Command,
  Event,
  type HandlerContext,
  type MemoryStorage,
  type Persistence,
  createEndpoint,
  defineRoutes,
  handler,
  memoryPersistence,
  memoryTransport,
} from '@busbar/core';
import { createHarness, noRetries } from '@busbar/testing';
import { describe, expect, test } from 'vitest';

class PlaceOrder extends Command('Sales.PlaceOrder')<{ orderId: string }> {}
class OrderPlaced extends Event('Sales.OrderPlaced')<{ orderId: string }> {}

type Context = HandlerContext<typeof routes, MemoryStorage>;

const routes = defineRoutes({ sales: [PlaceOrder] });
const placeOrder = new PlaceOrder({ orderId: 'A-1' });

describe('when an outbox is used', () => {
  test('should commit changes and messages together, or none of them', async () => {
    await using harness = createHarness();
    const persistence = memoryPersistence();
    const sales = harness.endpoint('sales', {
      routes,
      persistence,
      outbox: true,
      recoverability: { ...noRetries, immediate: 1 },
      handlers: [
        handler(PlaceOrder, async ({ orderId }, context: Context) => {
          context.storage.set('attempt', context.attempt.immediate);
          await context.publish(new OrderPlaced({ orderId }));
          if (context.attempt.immediate === 0) throw new Error('once');
        }),
      ],
    });
    await harness.start();
    await sales.send(placeOrder);
    await harness.settled();
    expect([...persistence.committed]).toEqual([['attempt', 1]]);
    expect(harness.published(OrderPlaced)).toHaveLength(1);
  });

  test('should not send before the commit', async () => {
    await using harness = createHarness();
    const persistence = memoryPersistence();
    const committed: unknown[] = [];
    const sales = harness.endpoint('sales', {
      routes,
      persistence,
      outbox: true,
      handlers: [
        handler(PlaceOrder, async ({ orderId }, context: Context) => {
          context.storage.set('orderId', orderId);
          await context.publish(new OrderPlaced({ orderId }));
          await context.publish(new OrderPlaced({ orderId: 'at once' }), { dispatch: 'immediate' });
        }),
        handler(OrderPlaced, ({ orderId }) => {
          committed.push([orderId, persistence.committed.get('orderId')]);
        }),
      ],
    });
    await harness.start();
    await sales.send(placeOrder);
    await harness.settled();
    expect(committed).toEqual([
      ['at once', undefined],
      ['A-1', 'A-1'],
    ]);
  });

  test('should let an immediate dispatch leave with each attempt, beside the outbox', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', {
      routes,
      persistence: memoryPersistence(),
      outbox: true,
      recoverability: { ...noRetries, immediate: 1 },
      handlers: [
        handler(PlaceOrder, async ({ orderId }, context) => {
          await context.publish(new OrderPlaced({ orderId }), { dispatch: 'immediate' });
          throw new Error('no stock');
        }),
      ],
    });
    await harness.start();
    await sales.send(placeOrder);
    await harness.settled();
    expect(harness.published(OrderPlaced)).toHaveLength(2);
  });

  test('should store the audit copy with the rest', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', {
      routes,
      persistence: memoryPersistence(),
      outbox: true,
      auditQueue: 'audit',
      handlers: [handler(PlaceOrder, () => {})],
    });
    await harness.start();
    for (let times = 0; times < 2; times += 1) {
      await sales.send(placeOrder, { messageId: 'm-1' });
      await harness.settled();
    }
    expect(await (await harness.queues()).peek('audit', 10)).toHaveLength(1);
  });

  test('should name the persistence to add where there is none', () => {
    expect(() => createEndpoint('sales', { transport: memoryTransport(), outbox: true })).toThrow(
      expect.objectContaining({
        code: 'MISSING_PERSISTENCE',
        message: expect.stringContaining(
          'Endpoint "sales" has `outbox: true` but no persistence.',
        ) as string,
        help: expect.stringContaining('`persistence: memoryPersistence()`') as string,
      }),
    );
  });

  test('should refuse a persistence that has no outbox', () => {
    const persistence: Persistence = {
      name: 'plain',
      capabilities: { outbox: false, sagas: false },
      connect: (host) => memoryPersistence().connect(host),
    };
    expect(() =>
      createEndpoint('sales', { transport: memoryTransport(), outbox: true, persistence }),
    ).toThrow(
      expect.objectContaining({
        code: 'INVALID_CONFIGURATION',
        message: expect.stringContaining('The persistence "plain" has no outbox.') as string,
        help: 'Remove `outbox: true`, or choose a persistence with an outbox.',
      }),
    );
  });
});
