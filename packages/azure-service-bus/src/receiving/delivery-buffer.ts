import type { ServiceBusDelivery } from './service-bus-delivery.ts';

/** Messages that are held and have not gone to the pump, in the order of the queue. */
export class DeliveryBuffer {
  readonly #deliveries: ServiceBusDelivery[] = [];

  get size(): number {
    return this.#deliveries.length;
  }

  /** Mostly at the end; what was given back and came again goes before those that were behind it. */
  insert(delivery: ServiceBusDelivery): void {
    const deliveries = this.#deliveries;
    let index = deliveries.length;
    while (index > 0 && delivery.isBefore(deliveries[index - 1] as ServiceBusDelivery)) index -= 1;
    deliveries.splice(index, 0, delivery);
  }

  /** Takes out the first for which `suits` is true. */
  takeFirst(suits: (delivery: ServiceBusDelivery) => boolean): ServiceBusDelivery | undefined {
    const index = this.#deliveries.findIndex(suits);
    return index === -1 ? undefined : this.#deliveries.splice(index, 1)[0];
  }

  remove(delivery: ServiceBusDelivery): void {
    const index = this.#deliveries.indexOf(delivery);
    if (index !== -1) this.#deliveries.splice(index, 1);
  }

  takeAll(): ServiceBusDelivery[] {
    return this.#deliveries.splice(0);
  }
}
