import {
  Command,
  Event,
  type HandlerContext,
  type MemoryStorage,
  Message,
  type SagaContext,
  defineSaga,
  finder,
  handler,
  memoryPersistence,
  sagaDiagram,
} from '@busbar/core';
import { createHarness } from '@busbar/testing';
import { expect, test } from 'vitest';
import { readPage } from '../pages.ts';
import {
  OrderBilled,
  OrderCancelled,
  OrderPacked,
  PackingDeadline,
  ShipOrder,
  ShippingDelayed,
  routes,
} from './shipping-messages.ts';
import { ShippingSaga } from './shipping-saga.ts';

// #region saga
const initialState = () => ({ orderId: '', billed: false, packed: false });

const shipping = defineSaga('Shipping.Shipping', { correlation: 'orderId', initialState })
  .startedBy(
    OrderBilled,
    (event) => event.orderId,
    async (_, saga) => {
      saga.state.billed = true;
      if (saga.state.packed) await ship(saga);
      else await saga.requestTimeout(new PackingDeadline(), { delay: '2d' });
    },
  )
  .startedBy(
    OrderPacked,
    (event) => event.orderId,
    async (_, saga) => {
      saga.state.packed = true;
      if (saga.state.billed) await ship(saga);
    },
  )
  .continuedBy(
    OrderCancelled,
    (event) => event.orderId,
    (_, saga) => saga.complete(),
  )
  .onTimeout(PackingDeadline, async (_, saga) => {
    await saga.publish(new ShippingDelayed({ orderId: saga.state.orderId }));
  });

type ShippingContext = SagaContext<ReturnType<typeof initialState>, typeof routes>;

async function ship(saga: ShippingContext): Promise<void> {
  await saga.send(new ShipOrder({ orderId: saga.state.orderId }));
  saga.complete();
}
// #endregion

// #region endpoint
const options = { persistence: memoryPersistence(), outbox: true, sagas: [shipping], routes };
// #endregion

class GetQuote extends Command('Carriers.GetQuote')<{ grams: number }> {}
class Quote extends Message('Carriers.Quote')<{ price: number }> {}
class BookParcel extends Command('Parcels.BookParcel')<{ parcel: string }> {}
class ParcelBooked extends Message('Parcels.ParcelBooked')<{ price: number }> {}

// #region replies
const parcels = defineSaga('Parcels.Parcel', {
  correlation: 'parcel',
  initialState: () => ({ parcel: '' }),
})
  .startedBy(
    BookParcel,
    (command) => command.parcel,
    (_, saga) => saga.send(new GetQuote({ grams: 300 }), { destination: 'carriers' }),
  )
  .onReply(Quote, async ({ price }, saga) => {
    await saga.replyToOriginator(new ParcelBooked({ price }));
    saga.complete();
  });
// #endregion

class PaymentFailed extends Event('Billing.PaymentFailed')<{ paymentId: string }> {}

// #region finder
const payments = defineSaga('Billing.Payment', {
  correlation: 'orderId',
  initialState: () => ({ orderId: '', failures: 0 }),
})
  .startedBy(
    OrderPacked,
    (_, headers) => headers['order-id'] ?? '',
    () => {},
  )
  .continuedBy(
    PaymentFailed,
    finder<PaymentFailed, MemoryStorage>(({ paymentId }, { storage }) => {
      const orderId = storage.get(paymentId) as string | undefined;
      return orderId === undefined ? undefined : { correlation: orderId };
    }),
    (_, saga) => {
      saga.state.failures += 1;
    },
  )
  .onNotFound(async (message, context: HandlerContext) => {
    context.log.warn({ unclaimed: message }, 'No order for this payment');
  });
// #endregion

// #region versions
interface Stock {
  sku: string;
  reserved: { orderId: string; count: number }[];
}

const stock = defineSaga('Warehouse.Stock', {
  correlation: 'sku',
  initialState: (): Stock => ({ sku: '', reserved: [] }),
  version: 2,
  migrate: (state: { sku: string; orders: string[] }, from) => {
    if (from !== 1) throw new Error(`No way from version ${from}`);
    return { sku: state.sku, reserved: state.orders.map((orderId) => ({ orderId, count: 1 })) };
  },
}).startedBy(
  OrderPacked,
  (event) => event.orderId,
  () => {},
);
// #endregion

// #region diagram
const drawn = defineSaga('Shipping.Drawn', { correlation: 'orderId', initialState })
  .startedBy(
    OrderBilled,
    (event) => event.orderId,
    async (_, saga) => saga.requestTimeout(new PackingDeadline(), { delay: '2d' }),
    { requestsTimeout: [PackingDeadline] },
  )
  .onTimeout(PackingDeadline, (_, saga) => saga.complete(), { completes: true });

const diagram = sagaDiagram(drawn); // or sagaDiagram(drawn, 'sequence')
// #endregion

test('should ship what is billed and packed, and tell of what is late', async () => {
  await using harness = createHarness();
  const service = harness.endpoint('shipping', {
    ...options,
    sagas: [...options.sagas, ShippingSaga],
    handlers: [handler(ShipOrder, () => {}), handler(ShippingDelayed, () => {})],
  });
  await harness.start();

  // #region test
  await service.publish(new OrderBilled({ orderId: 'A-1' }));
  await harness.advance('3d');
  expect(harness.published(ShippingDelayed)).toContainEqual({ orderId: 'A-1' });
  await service.publish(new OrderPacked({ orderId: 'A-1' }));
  await harness.settled();
  expect(harness.sent(ShipOrder)).toEqual([{ orderId: 'A-1' }]);
  // #endregion

  expect(options.persistence.sagas('Shipping.Shipping')).toEqual([]);
  // The one by class is late, too.
  expect(harness.published(ShippingDelayed)).toHaveLength(2);
});

test('should bring replies to the instance and its originator', async () => {
  await using harness = createHarness();
  const persistence = memoryPersistence();
  const shop = harness.endpoint('shop', { handlers: [handler(ParcelBooked, () => {})] });
  harness.endpoint('parcels', { persistence, sagas: [parcels] });
  harness.endpoint('carriers', {
    handlers: [handler(GetQuote, (_, context) => context.reply(new Quote({ price: 4 })))],
  });
  await harness.start();
  await shop.send(new BookParcel({ parcel: 'P-1' }), { destination: 'parcels' });
  await harness.settled();
  expect(harness.handled(ParcelBooked)).toEqual([{ price: 4 }]);
});

test('should find by a query, and say what was not found', async () => {
  await using harness = createHarness();
  const persistence = memoryPersistence();
  const billing = harness.endpoint('billing', { persistence, sagas: [payments, stock] });
  await harness.start();
  await billing.publish(new OrderPacked({ orderId: 'A-1' }), { headers: { 'order-id': 'A-1' } });
  await billing.publish(new PaymentFailed({ paymentId: 'P-1' }));
  await harness.settled();
  expect(persistence.sagas('Billing.Payment')).toHaveLength(1);
  expect(persistence.sagas('Warehouse.Stock')).toHaveLength(1);
  expect(harness.logger.messages('warn')).toContain('No order for this payment');
});

test('should draw what the page shows', () => {
  const { lines } = readPage('docs/guide/sagas.md');
  const start = lines.indexOf('```mermaid') + 1;
  const end = lines.indexOf('```', start);
  expect(`${lines.slice(start, end).join('\n')}\n`).toBe(diagram);
});
