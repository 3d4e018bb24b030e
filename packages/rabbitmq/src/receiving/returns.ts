import { headerNames } from '@busbar/core';
import type { Copies } from './copies.ts';
import type { DeliveryBuffer } from './delivery-buffer.ts';
import type { RabbitMqDelivery } from './rabbitmq-delivery.ts';
import { copyOnReturn } from './start-count.ts';

// Taken once, so that a test which replaces the global timers does not stop every receiver.
const { setImmediate } = globalThis;

/** The receiver, as what gives messages back sees it. */
export interface ReturnsOwner {
  /** False while the broker would send them again at once; then {@link Returns.go} is called after that. */
  mayGo(): boolean;
  /** The message itself goes back. */
  goes(delivery: RabbitMqDelivery): void;
}

/**
 * Gives messages back. What is given back in one turn of the event loop goes in the order of the queue, since the broker
 * delivers it again in the order in which it came back.
 */
export class Returns {
  readonly #buffer: DeliveryBuffer;
  readonly #copies: Copies;
  readonly #owner: ReturnsOwner;
  #waiting: RabbitMqDelivery[] = [];
  #scheduled = false;

  constructor(buffer: DeliveryBuffer, copies: Copies, owner: ReturnsOwner) {
    this.#buffer = buffer;
    this.#copies = copies;
    this.#owner = owner;
  }

  /** Resolves when it is gone where that takes an answer of the broker. */
  add(delivery: RabbitMqDelivery): Promise<void> | undefined {
    const copy = copyOnReturn(delivery.count, delivery.begun);
    if (copy !== undefined && delivery.channel.open) return this.#copies.replace(delivery, copy);
    this.#waiting.push(delivery);
    if (!this.#scheduled) {
      this.#scheduled = true;
      setImmediate(this.#turn);
    }
    return undefined;
  }

  /** Now, with those of the same keys that came after them: they would overtake. */
  go(): void {
    const keys = new Set(this.#waiting.map(keyOf));
    keys.delete(undefined);
    if (keys.size > 0) this.addAll(this.#buffer.take((other) => keys.has(keyOf(other))));
    const waiting = this.#waiting.splice(0);
    for (const delivery of waiting.toSorted((one, other) => one.tag - other.tag)) {
      if (delivery.ended) continue;
      this.#owner.goes(delivery);
      delivery.channel.giveBack(delivery, delivery.begun);
    }
  }

  /** Their channel is gone. */
  clear(): void {
    this.#waiting = [];
  }

  addAll(deliveries: readonly RabbitMqDelivery[]): void {
    for (const delivery of deliveries) void this.add(delivery);
  }

  readonly #turn = (): void => {
    this.#scheduled = false;
    if (this.#owner.mayGo()) this.go();
  };
}

function keyOf({ headers }: RabbitMqDelivery): string | undefined {
  return headers[headerNames.partitionKey];
}
