import { type Clock, type Timer, headerNames } from '@busbar/core';
import type { DeliveryBuffer } from './delivery-buffer.ts';
import type { ServiceBusDelivery } from './service-bus-delivery.ts';

/** What waits longer for a handler may be handled sooner by somebody else. */
const patienceMs = 1_000;

/** What {@link PrefetchPatience} asks of the receiver. */
export interface PatienceOwner {
  /** Another message would be handled at once. */
  hasRoom(): boolean;
  giveBack(delivery: ServiceBusDelivery): void;
}

/**
 * Gives back what waits for long while all handlers are busy, and wants no more in its place until handlers are quick again
 * or there is room: so a receiver with slow handlers holds no more than it handles. It looks for as long as anything is kept
 * out, whatever became of the handlers: a receiver that keeps all out and handles nothing would hear of nothing any more.
 *
 * Messages with a key stay, since those behind them could overtake them.
 */
export class PrefetchPatience {
  readonly #clock: Clock;
  readonly #buffer: DeliveryBuffer;
  readonly #owner: PatienceOwner;
  #welcome: PromiseWithResolvers<void> | undefined;
  #timer: Timer | undefined;

  constructor(clock: Clock, buffer: DeliveryBuffer, owner: PatienceOwner) {
    this.#clock = clock;
    this.#buffer = buffer;
    this.#owner = owner;
  }

  /** Something waits. */
  watch(): void {
    this.#timer ??= this.#clock.setTimer(this.#look, patienceMs);
  }

  /** Resolves when more is wanted again. */
  untilWelcome(): Promise<void> {
    this.#welcome ??= Promise.withResolvers();
    this.watch();
    return this.#welcome.promise;
  }

  /** A handler has ended. */
  handled({ pushedAt }: ServiceBusDelivery): void {
    if (this.#welcome === undefined) return;
    if (this.#clock.monotonic() - pushedAt < patienceMs) this.#welcomeAll();
  }

  end(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#welcomeAll();
  }

  readonly #look = (): void => {
    this.#timer = undefined;
    const before = this.#clock.monotonic() - patienceMs;
    for (;;) {
      const late = this.#buffer.takeFirst(
        ({ arrivedAt, headers }) =>
          arrivedAt <= before && headers[headerNames.partitionKey] === undefined,
      );
      if (late === undefined) break;
      this.#owner.giveBack(late);
    }
    if (this.#buffer.size === 0 && this.#owner.hasRoom()) this.#welcomeAll();
    if (this.#buffer.size > 0 || this.#welcome !== undefined) this.watch();
  };

  #welcomeAll(): void {
    this.#welcome?.resolve();
    this.#welcome = undefined;
  }
}
