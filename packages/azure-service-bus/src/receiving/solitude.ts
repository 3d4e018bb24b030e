import type { ServiceBusDelivery } from './service-bus-delivery.ts';

/** A receiver, to a message that is handled alone. */
export interface Neighbour {
  /**
   * Takes nothing more and gives back all that is not begun, until {@link Neighbour.goOn}. Resolves when the service has
   * heard of it, or does not answer. Never rejects.
   */
  standAside(alone: ServiceBusDelivery): Promise<void>;
  goOn(): void;
}

/**
 * Sees to it that a message which is handled alone is all that the receivers of the process hold: when its process dies, the
 * service counts that for everything that was locked or on its way, and another one with a mark would look as if it had died
 * alone as well.
 */
export class Solitude {
  readonly #neighbours = new Set<Neighbour>();
  #alone: ServiceBusDelivery | undefined;

  join(neighbour: Neighbour): void {
    this.#neighbours.add(neighbour);
  }

  leave(neighbour: Neighbour): void {
    this.#neighbours.delete(neighbour);
  }

  async begin(alone: ServiceBusDelivery): Promise<void> {
    this.#alone = alone;
    await Promise.all(Array.from(this.#neighbours, (neighbour) => neighbour.standAside(alone)));
  }

  /** Does nothing for any other than that which is alone. */
  end(delivery: ServiceBusDelivery): void {
    if (this.#alone !== delivery) return;
    this.#alone = undefined;
    for (const neighbour of this.#neighbours) neighbour.goOn();
  }
}

/** Of all connections together, as the core lets one message be alone in the whole process. */
export const processSolitude = new Solitude();
