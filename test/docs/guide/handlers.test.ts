import {
  Command,
  Event,
  type HandlerContext,
  type MemoryStorage,
  handler,
  memoryPersistence,
} from '@busbar/core';
import { handles } from '@busbar/core/decorators';
import { createHarness } from '@busbar/testing';
import { expect, test } from 'vitest';

class PlaceOrder extends Command('Sales.PlaceOrder')<{ orderId: string; total: number }> {}
class CancelOrder extends Command('Sales.CancelOrder')<{ orderId: string }> {}
class OrderPlaced extends Event('Sales.OrderPlaced')<{ orderId: string }> {}
class OrderCancelled extends Event('Sales.OrderCancelled')<{ orderId: string }> {}

// #region function
const placeOrder = handler(PlaceOrder, async (order, context) => {
  context.log.info({ total: order.total }, 'Order placed');
  await context.publish(new OrderPlaced({ orderId: order.orderId }));
});
// #endregion

// #region class
class OrderHandler {
  @handles(PlaceOrder)
  async place(command: PlaceOrder, context: HandlerContext): Promise<void> {
    await context.publish(new OrderPlaced({ orderId: command.orderId }));
  }

  @handles(CancelOrder)
  async cancel(command: CancelOrder, context: HandlerContext): Promise<void> {
    await context.publish(new OrderCancelled({ orderId: command.orderId }));
  }
}
// #endregion

// #region abort
const fetchPrices = handler(PlaceOrder, async (_order, { signal }) => {
  await fetch('https://prices.example', { signal });
});
// #endregion

// #region storage
const storeOrder = handler(
  PlaceOrder,
  async ({ orderId, total }, context: HandlerContext<never, MemoryStorage>) => {
    context.storage.set(orderId, { total });
    await context.publish(new OrderPlaced({ orderId }));
  },
);
// #endregion

test('should handle with a function and with a class alike', async () => {
  await using harness = createHarness();
  const one = harness.endpoint('functions', { handlers: [placeOrder] });
  const two = harness.endpoint('classes', { handlers: [OrderHandler] });
  await harness.start();
  const order = new PlaceOrder({ orderId: 'A-1', total: 42 });
  await one.sendLocal(order);
  await two.sendLocal(order);
  await two.sendLocal(new CancelOrder({ orderId: 'A-1' }));
  await harness.settled();
  expect(harness.published(OrderPlaced)).toHaveLength(2);
  expect(harness.published(OrderCancelled)).toHaveLength(1);
  const [line] = harness.logger.entries.filter(({ message }) => message === 'Order placed');
  expect(line?.fields).toMatchObject({ messageType: 'Sales.PlaceOrder', total: 42 });
});

test('should store and publish together', async () => {
  await using harness = createHarness();
  const persistence = memoryPersistence();
  const sales = harness.endpoint('sales', { handlers: [storeOrder], persistence });
  await harness.start();
  await sales.sendLocal(new PlaceOrder({ orderId: 'A-1', total: 42 }));
  await harness.settled();
  expect(persistence.committed.get('A-1')).toEqual({ total: 42 });
  expect(harness.published(OrderPlaced)).toHaveLength(1);
  expect(fetchPrices.name).toBe('handler of Sales.PlaceOrder');
});
