import { Command, defineRoutes, handler, memoryPersistence } from '@busbar/core';
import { createHarness } from '@busbar/testing';
import { expect, test } from 'vitest';

class PlaceOrder extends Command('Sales.PlaceOrder')<{ orderId: string }> {}

const routes = defineRoutes({ sales: [PlaceOrder] });

test('should send with the commit', async () => {
  await using harness = createHarness();
  const persistence = memoryPersistence();
  const web = harness.endpoint('web', { routes, persistence, outbox: true, sendOnly: true });
  harness.endpoint('sales', { handlers: [handler(PlaceOrder, () => {})] });
  await harness.start();

  // #region transaction
  await web.transaction(async (transaction, session) => {
    transaction.set('A-1', 'accepted');
    await session.send(new PlaceOrder({ orderId: 'A-1' }));
  });
  // #endregion

  // #region within
  const transaction = persistence.begin();
  transaction.set('A-2', 'accepted');
  await web.session.within(transaction).send(new PlaceOrder({ orderId: 'A-2' }));
  transaction.commit();
  // #endregion

  await harness.advance('1s');
  expect(harness.handled(PlaceOrder).map(({ orderId }) => orderId)).toEqual(['A-1', 'A-2']);
  expect([...persistence.committed.keys()]).toEqual(['A-1', 'A-2']);
});
