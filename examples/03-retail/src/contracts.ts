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
}> {}

// Billing
export class OrderBilled extends Event('Billing.OrderBilled')<{
  orderId: string;
  country: string;
  retries: Retries;
}> {}

// Shipping
export class OrderShipped extends Event('Shipping.OrderShipped')<{
  orderId: string;
  parcel: string;
  retries: Retries;
}> {}

// Head office
export class ReportForDuty extends Command('HeadOffice.ReportForDuty')<{
  service: string;
  pid: number;
}> {}

export const routes = defineRoutes({
  sales: [PlaceOrder, GetQuote],
  'head-office': [ReportForDuty],
});
