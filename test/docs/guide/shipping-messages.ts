import { Command, Event, Message, defineRoutes } from '@busbar/core';

// #region messages
export class OrderBilled extends Event('Billing.OrderBilled')<{ orderId: string }> {}
export class OrderPacked extends Event('Warehouse.OrderPacked')<{ orderId: string }> {}
export class OrderCancelled extends Event('Sales.OrderCancelled')<{ orderId: string }> {}
export class ShipOrder extends Command('Shipping.ShipOrder')<{ orderId: string }> {}
export class ShippingDelayed extends Event('Shipping.ShippingDelayed')<{ orderId: string }> {}
export class PackingDeadline extends Message('Shipping.PackingDeadline') {} // a timeout

export const routes = defineRoutes({ shipping: [ShipOrder] });
// #endregion
