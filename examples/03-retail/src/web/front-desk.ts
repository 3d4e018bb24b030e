import type { Endpoint } from '@busbar/core';
import { CancelOrder, type Order, PlaceOrder, type routes } from '../contracts.ts';
import type { WebOrders } from './web-orders.ts';

/** Takes orders and cancellations: what it stores and what it sends are one transaction each. */
export class FrontDesk {
  readonly #endpoint: Endpoint<typeof routes>;
  readonly #orders: WebOrders;

  constructor(endpoint: Endpoint<typeof routes>, orders: WebOrders) {
    this.#endpoint = endpoint;
    this.#orders = orders;
  }

  /**
   * An order that is posted again, because its answer was lost say, is the one that is here; another one with its id is
   * refused.
   */
  async accept(order: Order): Promise<'accepted' | 'id taken'> {
    const { orderId } = order;
    if ((await this.#orders.find(orderId)) === undefined) {
      try {
        await this.#endpoint.transaction(async (transaction, session) => {
          await this.#orders.add(order, transaction);
          await session.send(new PlaceOrder(order));
        });
        return 'accepted';
      } catch (error) {
        // Unless somebody was faster with the same id, it is an error.
        if ((await this.#orders.find(orderId)) === undefined) throw error;
      }
    }
    const stored = await this.#orders.find(orderId);
    return stored === JSON.stringify(order) ? 'accepted' : 'id taken';
  }

  /** Asks for the cancellation. Whether it comes to that is told later. */
  async cancel(orderId: string): Promise<void> {
    const facts = await this.#orders.factsOf(orderId);
    if (facts.has('stopping')) return;
    await this.#endpoint.transaction(async (transaction, session) => {
      await this.#orders.note(orderId, 'stopping', '', transaction);
      await session.send(new CancelOrder({ orderId }));
    });
  }
}
