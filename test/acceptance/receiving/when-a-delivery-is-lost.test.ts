import {
  Command,
  type Delivery,
  Event,
  type HandlerContext,
  type MemoryStorage,
  type Persistence,
  defineRoutes,
  handler,
  memoryPersistence,
} from '@busbar/core';
import { createHarness } from '@busbar/testing';
import { describe, expect, test } from 'vitest';
import { wrappedPersistence } from '../../support/wrapped-persistence.ts';

class PlaceOrder extends Command('Sales.PlaceOrder')<{ orderId: string }> {}
class OrderPlaced extends Event('Sales.OrderPlaced')<{ by: string }> {}

type Context = HandlerContext<typeof routes, MemoryStorage>;

const routes = defineRoutes({ sales: [PlaceOrder] });
const placeOrder = new PlaceOrder({ orderId: 'A-1' });

/** Memory, and the deliveries for which its sessions were opened. */
function watchedPersistence(): {
  deliveries: Delivery[];
  committed: ReadonlyMap<string, unknown>;
  persistence: Persistence<MemoryStorage>;
} {
  const inner = memoryPersistence();
  const deliveries: Delivery[] = [];
  const persistence = wrappedPersistence(inner, (connection) => ({
    open: (incoming) => {
      deliveries.push(incoming.delivery);
      return connection.open(incoming);
    },
  }));
  return { deliveries, committed: inner.committed, persistence };
}

describe.each([false, true])('when a delivery is lost, with an outbox: %s', (outbox) => {
  test('should tell the handler, refuse all it did, and handle the message again', async () => {
    await using harness = createHarness();
    const { deliveries, committed, persistence } = watchedPersistence();
    const firstIsThere = Promise.withResolvers<void>();
    const reasons: unknown[] = [];
    let attempts = 0;
    const sales = harness.endpoint('sales', {
      routes,
      persistence,
      outbox,
      handlers: [
        handler(PlaceOrder, async (_, context: Context) => {
          attempts += 1;
          const by = attempts === 1 ? 'the first' : 'the second';
          context.storage.set('by', by);
          await context.publish(new OrderPlaced({ by }));
          if (attempts > 1) return;
          const aborted = new Promise((resolve) => {
            context.signal.addEventListener('abort', resolve);
          });
          firstIsThere.resolve();
          await aborted;
          reasons.push(context.signal.reason);
        }),
      ],
    });
    await harness.start();
    await sales.send(placeOrder);
    await firstIsThere.promise;
    harness.broker.loseHold(deliveries[0]!);
    await harness.settled();
    expect(reasons).toMatchObject([{ code: 'DELIVERY_LOST' }]);
    expect(attempts).toBe(2);
    expect(committed.get('by')).toBe('the second');
    expect(harness.published(OrderPlaced)).toEqual([new OrderPlaced({ by: 'the second' })]);
    expect(await harness.errorQueue()).toEqual([]);
    expect(harness.logger.messages('warn')).toEqual([
      'The delivery was lost while it was handled; it will come again',
    ]);
  });
});
