import { type Endpoint, asError } from '@busbar/core';
import { GetQuote, type Order, PlaceOrder, type routes } from '../contracts.ts';
import type { OrderBook } from './order-book.ts';
import type { Storefront } from './storefront.ts';

const atOnce = 50;
const quoteTimeout = '20s';

/** How orders leave the head office. */
export interface Counter {
  readonly office: Endpoint<typeof routes>;
  readonly storefront: Storefront;
  readonly book: OrderBook;
}

/** Places every order. One that cannot be sent is noted and does not keep the others. */
export async function placeOrders(orders: readonly Order[], counter: Counter): Promise<void> {
  const left = orders.values();
  const sender = async (): Promise<void> => {
    for (const order of left) {
      try {
        await placeOrder(order, counter);
      } catch (error) {
        counter.book.notSent(order.orderId, asError(error).message);
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, sender));
}

async function placeOrder(order: Order, { office, storefront, book }: Counter): Promise<void> {
  if (order.web === true) {
    await storefront.order(order);
    return;
  }
  const agreedTotal = order.quote === true ? await askForQuote(order, office, book) : undefined;
  await office.send(
    new PlaceOrder({ ...order, ...(agreedTotal !== undefined && { agreedTotal }) }),
  );
}

async function askForQuote(
  { orderId, lines }: Order,
  office: Endpoint<typeof routes>,
  book: OrderBook,
): Promise<number | undefined> {
  const { total } = await office.request(new GetQuote({ orderId, lines }), {
    timeout: quoteTimeout,
  });
  if (total !== undefined) book.quoted(orderId, total);
  return total;
}
