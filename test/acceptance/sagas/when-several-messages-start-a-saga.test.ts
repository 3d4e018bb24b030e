import { Command, Event, defineSaga, handler, memoryPersistence } from '@busbar/core';
import { createHarness } from '@busbar/testing';
import { expect, test } from 'vitest';

class OrderBilled extends Event('Billing.OrderBilled')<{ orderId: string }> {}
class OrderPacked extends Event('Warehouse.OrderPacked')<{ orderId: string }> {}
class OrderCancelled extends Event('Sales.OrderCancelled')<{ orderId: string }> {}
class ShipOrder extends Command('Shipping.ShipOrder')<{ orderId: string }> {}

const shipping = defineSaga('Shipping.Shipping', {
  correlation: 'orderId',
  initialState: () => ({ orderId: '', billed: false, packed: false }),
})
  .startedBy(
    OrderBilled,
    ({ orderId }) => orderId,
    async (_, saga) => {
      saga.state.billed = true;
      if (!saga.state.packed) return;
      await saga.sendLocal(new ShipOrder({ orderId: saga.state.orderId }));
      saga.complete();
    },
  )
  .startedBy(
    OrderPacked,
    ({ orderId }) => orderId,
    async (_, saga) => {
      saga.state.packed = true;
      if (!saga.state.billed) return;
      await saga.sendLocal(new ShipOrder({ orderId: saga.state.orderId }));
      saga.complete();
    },
  )
  .continuedBy(
    OrderCancelled,
    ({ orderId }) => orderId,
    (_, saga) => saga.complete(),
  );

function shippingEndpoint(harness: ReturnType<typeof createHarness>, outbox = false) {
  const persistence = memoryPersistence();
  const endpoint = harness.endpoint('shipping', {
    persistence,
    outbox,
    sagas: [shipping],
    handlers: [handler(ShipOrder, () => {})],
  });
  return { endpoint, persistence };
}

const billed = new OrderBilled({ orderId: 'A-1' });
const packed = new OrderPacked({ orderId: 'A-1' });

test.each([
  ['billed first', [billed, packed]],
  ['packed first', [packed, billed]],
])('should have one instance, %s', async (_, [first, second]) => {
  await using harness = createHarness();
  const { endpoint, persistence } = shippingEndpoint(harness);
  await harness.start();
  await endpoint.publish(first!);
  await harness.settled();
  const started = persistence.sagas('Shipping.Shipping');
  expect(started).toMatchObject([{ correlation: 'A-1', version: 1 }]);
  expect(JSON.parse(started[0]!.state)).toMatchObject({ version: 1, state: { orderId: 'A-1' } });
  expect(harness.sent(ShipOrder)).toEqual([]);
  await endpoint.publish(second!);
  await harness.settled();
  expect(harness.sent(ShipOrder)).toMatchObject([{ orderId: 'A-1' }]);
  expect(persistence.sagas('Shipping.Shipping')).toEqual([]);
});

test.each([false, true])(
  'should have one instance when both come at the same instant, outbox: %s',
  async (outbox) => {
    await using harness = createHarness();
    const { endpoint, persistence } = shippingEndpoint(harness, outbox);
    await harness.start();
    const orders = Array.from({ length: 50 }, (_, index) => `B-${index}`);
    await Promise.all(
      orders.flatMap((orderId) => [
        endpoint.publish(new OrderBilled({ orderId })),
        endpoint.publish(new OrderPacked({ orderId })),
      ]),
    );
    await harness.settled();
    expect(persistence.sagas('Shipping.Shipping')).toEqual([]);
    expect(
      harness
        .sent(ShipOrder)
        .map(({ orderId }) => orderId)
        .toSorted(),
    ).toEqual(orders.toSorted());
    expect(endpoint.health().counts).toMatchObject({ failed: 0 });
    // They did meet: some were handled once more.
    expect(harness.attempts.length).toBeGreaterThan(harness.handled(ShipOrder).length + 100);
  },
);
