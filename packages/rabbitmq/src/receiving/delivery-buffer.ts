import type { RabbitMqDelivery } from './rabbitmq-delivery.ts';

/** Emptied places at the front that are not worth moving the rest. */
const mostEmpty = 64;

/** What the broker has sent and the pump has no room for yet, in the order of the queue. */
export class DeliveryBuffer {
  #deliveries: (RabbitMqDelivery | undefined)[] = [];
  #front = 0;

  get size(): number {
    return this.#deliveries.length - this.#front;
  }

  get first(): RabbitMqDelivery | undefined {
    return this.#deliveries[this.#front];
  }

  some(matches: (delivery: RabbitMqDelivery) => boolean): boolean {
    return this.size > 0 && this.#all().some(matches);
  }

  push(delivery: RabbitMqDelivery): void {
    this.#deliveries.push(delivery);
  }

  shift(): RabbitMqDelivery | undefined {
    const delivery = this.#deliveries[this.#front];
    if (delivery === undefined) return undefined;
    this.#deliveries[this.#front] = undefined;
    this.#front += 1;
    if (this.#front === this.#deliveries.length) this.#replace([]);
    else if (this.#front > mostEmpty && this.#front > this.size) this.#replace(this.#all());
    return delivery;
  }

  /** Puts one that was out back into its old place. */
  insert(delivery: RabbitMqDelivery): void {
    const all = this.#all();
    const index = all.findLastIndex((other) => other.tag < delivery.tag);
    all.splice(index + 1, 0, delivery);
    this.#replace(all);
  }

  /** Takes out those for which `matches` is true. */
  take(matches: (delivery: RabbitMqDelivery) => boolean): RabbitMqDelivery[] {
    const all = this.#all();
    const taken = all.filter(matches);
    if (taken.length > 0) this.#replace(all.filter((delivery) => !taken.includes(delivery)));
    return taken;
  }

  takeAll(): RabbitMqDelivery[] {
    const all = this.#all();
    this.#replace([]);
    return all;
  }

  #all(): RabbitMqDelivery[] {
    return this.#deliveries.slice(this.#front) as RabbitMqDelivery[];
  }

  #replace(deliveries: RabbitMqDelivery[]): void {
    this.#deliveries = deliveries;
    this.#front = 0;
  }
}
