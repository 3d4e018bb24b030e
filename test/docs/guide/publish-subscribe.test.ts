import { Event, handler } from '@busbar/core';
import { createHarness } from '@busbar/testing';
import { expect, test } from 'vitest';

// #region events
class OrderPlaced extends Event('Sales.OrderPlaced')<{ orderId: string }> {}
class RushOrderPlaced extends Event('Sales.RushOrderPlaced', { extends: OrderPlaced })<{
  until: string;
}> {}
// #endregion

// #region subscribers
const project = handler(OrderPlaced, (_event) => {}); // gets rush orders, too
const hurry = handler(RushOrderPlaced, (_event) => {});
// #endregion

test('should bring derived events to the subscribers of the base, one copy each', async () => {
  await using harness = createHarness();
  const sales = harness.endpoint('sales', { sendOnly: true });
  const reports = harness.endpoint('reports', { handlers: [project] });
  const shipping = harness.endpoint('shipping', { handlers: [project, hurry] });
  await harness.start();

  // #region publish
  await sales.publish(new RushOrderPlaced({ orderId: 'A-1', until: 'noon' }));
  // #endregion

  await harness.settled();
  expect(harness.handled(OrderPlaced)).toHaveLength(2);
  expect(reports.diagnostics().subscriptions).toEqual(['Sales.OrderPlaced']);
  expect(shipping.diagnostics().subscriptions).toEqual(['Sales.OrderPlaced']);
});
