import { Command, Event, Message, defineRoutes } from '@busbar/core';
import { z } from 'zod';

// What the services have in common: their messages and who owns which command. Any Standard Schema will do, zod is one.

const orderLine = z.object({ sku: z.string().min(1), quantity: z.int() });
export type OrderLine = z.infer<typeof orderLine>;

/** An order as a customer writes it, and a line of the orders file. */
export const orderSchema = z.object({
  orderId: z.string().regex(/^[\w-]{1,40}$/),
  customer: z.string().min(1),
  country: z.string().length(2),
  /** What the payment provider knows the card by. */
  payment: z.string().min(1),
  lines: z.array(orderLine),
  /** The customer wants to know the price first. */
  quote: z.boolean().optional(),
  /** The demo places it through the web page's HTTP and not by a message. */
  web: z.boolean().optional(),
  /** Seconds until the customer hears that something is missing. A real shop counts in days. @default 30 */
  reminder: z.number().positive().max(3600).optional(),
  /** Seconds from then on until the order is cancelled. @default 30 */
  deadline: z.number().positive().max(3600).optional(),
});
export type Order = z.infer<typeof orderSchema>;

/** Amounts are in cents. */
const placeOrderSchema = orderSchema.extend({ agreedTotal: z.int().optional() });

/** Which attempt of a service succeeded: the failed ones before it. */
export interface Retries {
  readonly immediate: number;
  readonly delayed: number;
}

// Sales
export class PlaceOrder extends Command('Sales.PlaceOrder', placeOrderSchema) {}
export class Quote extends Message('Sales.Quote')<{ total?: number; refusal?: string }> {}
export class GetQuote extends Command('Sales.GetQuote', { reply: Quote })<{
  orderId: string;
  lines: OrderLine[];
}> {}
export class OrderPlaced extends Event('Sales.OrderPlaced')<{
  orderId: string;
  country: string;
  payment: string;
  total: number;
  lines: OrderLine[];
  reminder?: number | undefined;
  deadline?: number | undefined;
}> {}

// Billing
export class OrderBilled extends Event('Billing.OrderBilled')<{
  orderId: string;
  country: string;
  retries: Retries;
}> {}

// Shipping
export class PackOrder extends Command('Shipping.PackOrder')<{
  orderId: string;
  lines: OrderLine[];
}> {}
export class OrderPacked extends Event('Shipping.OrderPacked')<{ orderId: string }> {}
export class ShipOrder extends Command('Shipping.ShipOrder')<{
  orderId: string;
  country: string;
  reminded: boolean;
}> {}
export class OrderShipped extends Event('Shipping.OrderShipped')<{
  orderId: string;
  parcel: string;
  reminded: boolean;
  retries: Retries;
}> {}
export class OrderReminded extends Event('Shipping.OrderReminded')<{
  orderId: string;
  waitingFor: 'payment' | 'parcel';
  country: string;
  payment: string;
  total: number;
}> {}
export class CancelOrder extends Command('Shipping.CancelOrder')<{ orderId: string }> {}
export class OrderCancelled extends Event('Shipping.OrderCancelled')<{
  orderId: string;
  reason: string;
  reminded: boolean;
}> {}
/** It was too late to cancel the order. */
export class CancellationRefused extends Event('Shipping.CancellationRefused')<{
  orderId: string;
  reason: string;
}> {}

// Head office
export class ReportForDuty extends Command('HeadOffice.ReportForDuty')<{
  service: string;
  pid: number;
  /** Where its page is, for the one that has a page. */
  address?: string;
}> {}
/** The error queue has a message of this order. */
export class OrderRefused extends Event('HeadOffice.OrderRefused')<{
  orderId: string;
  reason: string;
}> {}
/** What a service has in its books: for each order asked for, in the same order, how many entries. */
export class BookEntries extends Message('HeadOffice.BookEntries')<{ counts: number[] }> {}
export class CountBills extends Command('HeadOffice.CountBills', { reply: BookEntries })<{
  orderIds: string[];
}> {}
export class CountParcels extends Command('HeadOffice.CountParcels', { reply: BookEntries })<{
  orderIds: string[];
}> {}

export const routes = defineRoutes({
  sales: [PlaceOrder, GetQuote],
  billing: [CountBills],
  shipping: [PackOrder, ShipOrder, CancelOrder, CountParcels],
  'head-office': [ReportForDuty],
});
