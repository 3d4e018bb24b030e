import { setTimeout } from 'node:timers/promises';
import { asError } from '@busbar/core';
import type { Order } from '../contracts.ts';

const attempts = 60;
const pauseMs = 250;

/** The front end as a customer's program sees it. */
export class Storefront {
  #address: string | undefined;

  /** Where it is now: one that died comes back elsewhere. */
  moved(address: string): void {
    this.#address = address;
  }

  /**
   * Posts an order until it is accepted: posting it twice orders it once.
   *
   * @throws Error when it is refused, or nobody answers
   */
  async order(order: Order): Promise<void> {
    let failure = 'nobody answers';
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      try {
        const { status } = await this.#post(order);
        if (status === 202) return;
        failure = `HTTP status ${status}`;
        if (status < 500) break;
      } catch (error) {
        failure = asError(error).message;
      }
      await setTimeout(pauseMs);
    }
    throw new Error(`the order could not be posted: ${failure}`);
  }

  async #post(order: Order): Promise<Response> {
    const response = await fetch(`${this.#address}/orders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(order),
      signal: AbortSignal.timeout(10_000),
    });
    await response.text();
    return response;
  }
}
