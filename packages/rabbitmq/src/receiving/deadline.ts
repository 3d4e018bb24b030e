import type { Clock, Timer } from '@busbar/core';
import type { RabbitMqDelivery } from './rabbitmq-delivery.ts';

const longestMarginMs = 60_000;
const usualMarginMs = 1_000;

/** When messages that are held must be given back. */
export interface Deadline {
  /** After that one that has not begun would hardly end in time. */
  readonly beginWithinMs: number;
  readonly endWithinMs: number;
  readonly lookEveryMs: number;
}

/**
 * From what the broker allows. It counts from when it sends a message, we from when we see it, so a margin is for what lies
 * between the two: the network, and an event loop that stands still. That does not grow with the timeout, so a tenth is
 * enough and no more than a minute; at least a second, unless that were more than a quarter. That the broker looks only
 * once a minute is not relied on: it may look at the very moment.
 */
export function deadlineFor(consumerTimeoutMs: number): Deadline {
  const least = Math.min(usualMarginMs, consumerTimeoutMs / 4);
  const marginMs = Math.min(longestMarginMs, Math.max(consumerTimeoutMs / 10, least));
  const endWithinMs = consumerTimeoutMs - marginMs;
  return { endWithinMs, beginWithinMs: endWithinMs / 2, lookEveryMs: marginMs / 4 };
}

/** What is given back for its age; what a copy is made of ends by itself. */
export function overdue(
  held: readonly RabbitMqDelivery[],
  now: number,
  { beginWithinMs, endWithinMs }: Deadline,
): RabbitMqDelivery[] {
  return held.filter(({ arrivedAt, begun, copying }) => {
    return !copying && now - arrivedAt > (begun ? endWithinMs : beginWithinMs);
  });
}

/** Looks regularly: one timer for all messages. */
export class DeadlineWatch {
  readonly #clock: Clock;
  readonly #everyMs: number;
  readonly #look: () => void;
  #timer: Timer | undefined;
  #on = false;

  constructor(clock: Clock, everyMs: number, look: () => void) {
    this.#clock = clock;
    this.#everyMs = everyMs;
    this.#look = look;
  }

  start(): void {
    if (this.#on) return;
    this.#on = true;
    this.#next();
  }

  stop(): void {
    this.#on = false;
    this.#timer?.cancel();
  }

  #next(): void {
    this.#timer = this.#clock.setTimer(() => {
      this.#look();
      if (this.#on) this.#next();
    }, this.#everyMs);
  }
}
