import { Command, Event, Message, defineRoutes } from '@busbar/core';
import { expect, test } from 'vitest';
import { noRoutes } from '../../src/routing/define-routes.ts';

class BillOrder extends Command('Billing.BillOrder') {}
class RefundOrder extends Command('Billing.RefundOrder') {}
class ShipOrder extends Command('Shipping.ShipOrder') {}
class OrderPlaced extends Event('Sales.OrderPlaced') {}
class Quote extends Message('Pricing.Quote') {}

test('should know the owner of each command', () => {
  const routes = defineRoutes({ billing: [BillOrder, RefundOrder], shipping: [ShipOrder] });
  expect(routes.destinationOf('Billing.RefundOrder')).toBe('billing');
  expect(routes.destinationOf('Shipping.ShipOrder')).toBe('shipping');
  expect(routes.destinationOf('Sales.Unknown')).toBeUndefined();
  expect(routes.destinationOf('toString')).toBeUndefined();
  expect(routes.destinations()).toEqual(['billing', 'shipping']);
  expect(routes.commands().map(({ type }) => type)).toEqual([BillOrder, RefundOrder, ShipOrder]);
});

test('should make routes that route nothing', () => {
  expect(noRoutes().commands()).toEqual([]);
  expect(noRoutes().destinations()).toEqual([]);
});

test.each<[string, () => unknown, string, string]>([
  [
    'a command with two owners',
    () => defineRoutes({ billing: [BillOrder], shipping: [BillOrder] } as never),
    'DUPLICATE_ROUTE',
    'Billing.BillOrder is routed to billing and to shipping',
  ],
  [
    'a command that is listed twice',
    () => defineRoutes({ billing: [BillOrder, BillOrder] }),
    'DUPLICATE_ROUTE',
    'Billing.BillOrder is routed twice to billing',
  ],
  [
    'an event',
    () => defineRoutes({ sales: [OrderPlaced] as never }),
    'NOT_A_COMMAND',
    'Sales.OrderPlaced, routed to sales, is an event',
  ],
  [
    'a reply',
    () => defineRoutes({ pricing: [Quote] as never }),
    'NOT_A_COMMAND',
    'is a reply or timeout',
  ],
  ['what is no message', () => defineRoutes({ a: [Date] as never }), 'NOT_A_MESSAGE', 'Date'],
  [
    'an undefined command',
    () => defineRoutes({ a: [undefined] as never }),
    'NOT_A_MESSAGE',
    'circular import',
  ],
  ['an empty name', () => defineRoutes({ '': [BillOrder] }), 'INVALID_CONFIGURATION', '"" is no'],
  [
    'a name with a space',
    () => defineRoutes({ 'my billing': [] }),
    'INVALID_CONFIGURATION',
    '"my billing" is no endpoint name',
  ],
])('should refuse %s', (_what, define, code, text) => {
  expect(define).toThrow(expect.objectContaining({ code }) as Error);
  expect(define).toThrow(text);
});
