// #region whole
import { Command, Event, type HandlerContext, defineRoutes, handler } from '@busbar/core';
import { createHarness, fakeHandlerContext } from '@busbar/testing';
import { expect, test } from 'vitest';

class PlaceOrder extends Command('Sales.PlaceOrder')<{ orderId: string }> {}
class RemindCustomer extends Command('Sales.RemindCustomer')<{ orderId: string }> {}
class OrderPlaced extends Event('Sales.OrderPlaced')<{ orderId: string }> {}
const routes = defineRoutes({ sales: [PlaceOrder, RemindCustomer] });

async function onPlaceOrder({ orderId }: PlaceOrder, context: HandlerContext): Promise<void> {
  await context.publish(new OrderPlaced({ orderId }));
  await context.sendLocal(new RemindCustomer({ orderId }), { delay: '3d' });
}
const placeOrder = handler(PlaceOrder, onPlaceOrder);
const remindCustomer = handler(RemindCustomer, () => {});

test('should remind the customer after three days', async () => {
  await using harness = createHarness();
  const sales = harness.endpoint('sales', { routes, handlers: [placeOrder, remindCustomer] });
  await harness.start();

  await sales.send(new PlaceOrder({ orderId: 'A-1' }));
  await harness.settled();
  expect(harness.published(OrderPlaced)).toEqual([new OrderPlaced({ orderId: 'A-1' })]);

  await harness.advance('3d'); // some milliseconds
  expect(harness.handled(RemindCustomer)).toHaveLength(1);
});
// #endregion

// #region failure
test('should park what cannot be read', async () => {
  await using harness = createHarness();
  harness.endpoint('sales', { routes, handlers: [placeOrder] });
  await harness.start();

  await harness.inject('sales', {
    headers: { 'busbar-enclosed-types': 'Sales.PlaceOrder' },
    body: 'no JSON',
  });
  await harness.settled();

  const [failed] = await harness.errorQueue();
  expect(failed?.failure.code).toBe('UNDECODABLE');
});
// #endregion

// #region fake
test('should publish', async () => {
  const context = fakeHandlerContext({ messageId: 'm-1' });
  await onPlaceOrder(new PlaceOrder({ orderId: 'A-1' }), context);
  expect(context.published(OrderPlaced)).toHaveLength(1);
});
// #endregion
