import { Command, type HandlerContext, defineRoutes, handler } from '@busbar/core';
import { createHarness } from '@busbar/testing';
import { expect, test } from 'vitest';

class BillOrder extends Command('Billing.BillOrder')<{ orderId: string }> {}
class RefundOrder extends Command('Billing.RefundOrder')<{ orderId: string }> {}
class ShipOrder extends Command('Shipping.ShipOrder')<{ orderId: string }> {}
class RemindCustomer extends Command('Sales.RemindCustomer')<{ orderId: string }> {}
class Alert extends Command('Ops.Alert')<{ text: string }> {}

// #region routes
const routes = defineRoutes({
  billing: [BillOrder, RefundOrder],
  shipping: [ShipOrder],
});
// #endregion

// #region handler
const billOrder = handler(
  BillOrder,
  async ({ orderId }, context: HandlerContext<typeof routes>) => {
    await context.send(new ShipOrder({ orderId })); // only routed commands compile
  },
);
// #endregion

test('should send by routes, by name, to itself, and later', async () => {
  await using harness = createHarness();
  const sales = harness.endpoint('sales', {
    routes,
    handlers: [handler(RemindCustomer, () => {})],
  });
  harness.endpoint('billing', { routes, handlers: [billOrder] });
  harness.endpoint('shipping', { handlers: [handler(ShipOrder, () => {})] });
  harness.endpoint('ops', { handlers: [handler(Alert, () => {})] });
  await harness.start();
  const orderId = 'A-1';

  // #region send
  await sales.send(new BillOrder({ orderId })); // to its owner
  await sales.send(new Alert({ text: 'Hello' }), { destination: 'ops' }); // no route needed
  await sales.sendLocal(new RemindCustomer({ orderId }), { delay: '3d' }); // to this endpoint itself
  // #endregion

  await harness.settled();
  expect(harness.handled(ShipOrder)).toEqual([new ShipOrder({ orderId })]);
  expect(harness.handled(Alert)).toHaveLength(1);
  expect(harness.handled(RemindCustomer)).toHaveLength(0);
  await harness.advance('3d');
  expect(harness.handled(RemindCustomer)).toHaveLength(1);
});
