import { order } from '../order.ts';
import type { Order } from '../order.ts';
import type { Ledger } from '../ledger.ts';

/** Handles a message; may send more. */
export type Handle = (message: Order) => Promise<void>;

/** How many messages the twin lets gather: as many as there are senders at Busbar. */
const gathered = 64;

/** An array as a queue, JSON in both directions, and one function that is called and awaited: nothing less is a bus. */
export class InProcessTwin {
  readonly #handle: Handle;
  #queue: Uint8Array[] = [];

  constructor(handle: Handle) {
    this.#handle = handle;
  }

  send(message: Order): void {
    this.#queue.push(Buffer.from(JSON.stringify(message)));
  }

  /** Handles what is there, and what is sent meanwhile. */
  async drain(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#queue;
      this.#queue = [];
      for (const body of batch) await this.#handle(JSON.parse(body.toString()) as Order);
    }
  }

  /** Sends a message for each id. */
  async stream(ledger: Ledger): Promise<void> {
    const { first, size } = ledger;
    const end = first + size;
    for (let id = first; id < end; id += 1) {
      ledger.started(id);
      this.send(order(id));
      if ((id - first) % gathered === gathered - 1) await this.drain();
    }
    await this.drain();
  }
}
