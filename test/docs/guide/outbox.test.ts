import {
  Command,
  type EndpointOptions,
  Event,
  type HandlerContext,
  type MemoryStorage,
  handler,
  memoryPersistence,
} from '@busbar/core';
import { createHarness } from '@busbar/testing';
import { expect, test } from 'vitest';

class PlaceOrder extends Command('Sales.PlaceOrder')<{ orderId: string }> {}
class OrderPlaced extends Event('Sales.OrderPlaced')<{ orderId: string }> {}

const persistence = memoryPersistence();

// #region options
const options = {
  persistence,
  outbox: true,
} satisfies Partial<EndpointOptions>;
// #endregion

// #region handler
const placeOrder = handler(
  PlaceOrder,
  async ({ orderId }, context: HandlerContext<never, MemoryStorage>) => {
    context.storage.set(orderId, 'placed');
    await context.publish(new OrderPlaced({ orderId }));
  },
);
// #endregion

test('should handle a message with one id once', async () => {
  await using harness = createHarness();
  const sales = harness.endpoint('sales', { ...options, handlers: [placeOrder] });
  await harness.start();

  // #region repeat
  const order = new PlaceOrder({ orderId: 'A-1' });
  await sales.sendLocal(order, { messageId: 'order-A-1' });
  await sales.sendLocal(order, { messageId: 'order-A-1' }); // recognised, not handled again
  // #endregion

  await harness.settled();
  expect(persistence.committed.get('A-1')).toBe('placed');
  expect(harness.published(OrderPlaced)).toHaveLength(1);
  expect(sales.health().counts.deduplicated).toBe(1);
});
