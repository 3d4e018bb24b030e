import { Command, Event, Message, command, event, handler } from '@busbar/core';
import { createHarness } from '@busbar/testing';
import { expect, test } from 'vitest';

// #region declare
class PlaceOrder extends Command('Sales.PlaceOrder')<{ orderId: string; total: number }> {}
class RebuildIndex extends Command('Search.RebuildIndex') {}
class OrderPlaced extends Event('Sales.OrderPlaced')<{ orderId: string }> {}
class Quote extends Message('Pricing.Quote')<{ price: number }> {}
class GetQuote extends Command('Pricing.GetQuote', { reply: Quote })<{ sku: string }> {}
// #endregion

// #region make
const order = new PlaceOrder({ orderId: 'A-1', total: 42 });
const total: number = order.total;
const rebuild = new RebuildIndex();
// #endregion

// #region lifetime
class PriceChanged extends Event('Pricing.PriceChanged', { timeToBeReceived: '10m' })<{
  sku: string;
  price: number;
}> {}
// #endregion

const contracts = {
  ShipOrder: class {
    readonly orderId: string;
    constructor(orderId: string) {
      this.orderId = orderId;
    }
  },
  OrderShipped: class {
    readonly orderId: string = '';
  },
};

// #region plain
const ShipOrder = command('Shipping.ShipOrder')(contracts.ShipOrder);
const OrderShipped = event('Shipping.OrderShipped')(contracts.OrderShipped);
// #endregion

test('should carry what was declared', async () => {
  await using harness = createHarness();
  const seen: object[] = [];
  const see = (message: object): number => seen.push(message);
  const shop = harness.endpoint('shop', {
    handlers: [handler(PlaceOrder, see), handler(ShipOrder, see), handler(PriceChanged, see)],
    messages: [RebuildIndex, OrderPlaced, GetQuote, OrderShipped],
  });
  await harness.start();
  await shop.sendLocal(order);
  await shop.sendLocal(new ShipOrder('A-1'));
  await shop.publish(new PriceChanged({ sku: 'TENT', price: 1 }));
  await harness.settled();
  expect(seen).toContainEqual(order);
  expect(seen.some((message) => message instanceof contracts.ShipOrder)).toBe(true);
  expect(seen).toHaveLength(3);
  expect([total, rebuild]).toEqual([42, new RebuildIndex()]);
});
