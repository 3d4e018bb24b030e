import type { Endpoint } from '@busbar/core';
import { CountBills, CountParcels, type routes } from '../contracts.ts';
import type { OrderBook } from './order-book.ts';

const ordersAtOnce = 200;
const timeout = '10s';

/**
 * Asks billing and shipping what they have in their books for each order: what happened exactly once is there once.
 *
 * @throws BusbarError when a service does not answer
 */
export async function auditBooks(office: Endpoint<typeof routes>, book: OrderBook): Promise<void> {
  const all = book.orderIds;
  for (let at = 0; at < all.length; at += ordersAtOnce) {
    const orderIds = all.slice(at, at + ordersAtOnce);
    const [bills, parcels] = await Promise.all([
      office.request(new CountBills({ orderIds }), { timeout }),
      office.request(new CountParcels({ orderIds }), { timeout }),
    ]);
    for (const [index, orderId] of orderIds.entries()) {
      book.audited(orderId, bills.counts[index] ?? 0, parcels.counts[index] ?? 0);
    }
  }
}
