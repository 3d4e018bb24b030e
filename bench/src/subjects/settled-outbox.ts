import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { storedOrders } from './order-table.ts';

const longestMs = 10_000;

/**
 * The orders of which all was done: stored, and their events sent, each as often as the worse of the two. Waits for what is
 * noted behind the acknowledgements.
 *
 * @throws Error when something stays in the outbox, or an order and its event were not done equally often
 */
export async function settledOrders(
  pool: pg.Pool,
  waiting: () => Promise<number>,
  events: readonly number[] | undefined,
): Promise<readonly number[]> {
  const until = performance.now() + longestMs;
  while ((await waiting()) > 0) {
    if (performance.now() > until) throw new Error(`${await waiting()} stay in the outbox.`);
    await sleep(10);
  }
  const orders = await storedOrders(pool);
  if (events === undefined || same(orders, events)) return orders;
  throw new Error(`${orders.length} orders were stored, and ${events.length} events sent.`);
}

function same(orders: readonly number[], events: readonly number[]): boolean {
  const sorted = events.toSorted((one, other) => one - other);
  return (
    orders.length === events.length &&
    orders.toSorted((one, other) => one - other).every((id, index) => id === sorted[index])
  );
}
