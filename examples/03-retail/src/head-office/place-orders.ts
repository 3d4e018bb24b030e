import { type Endpoint, asError } from '@busbar/core';
import { GetQuote, type Order, PlaceOrder, type routes } from '../contracts.ts';
import type { OrderBook } from './order-book.ts';

const atOnce = 50;
const quoteTimeout = '20s';

/** Sends every order to sales. One that cannot be sent is noted and does not keep the others. */
export async function placeOrders(
  orders: readonly Order[],
  office: Endpoint<typeof routes>,
  book: OrderBook,
): Promise<void> {
  const left = orders.values();
  const sender = async (): Promise<void> => {
    for (const order of left) {
      try {
        await placeOrder(order, office, book);
      } catch (error) {
        book.notSent(order.orderId, asError(error).message);
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, sender));
}

async function placeOrder(
  order: Order,
  office: Endpoint<typeof routes>,
  book: OrderBook,
): Promise<void> {
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
