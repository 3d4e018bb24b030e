import type { Clock, Timer } from '@busbar/core';

/** A pause that doubles from one try to the next, different for each instance. */
export class RetryDelay {
  readonly #clock: Clock;
  readonly #firstMs: number;
  readonly #longestMs: number;
  #nextMs: number;
  #timer: Timer | undefined;

  constructor(clock: Clock, firstMs: number, longestMs: number) {
    this.#clock = clock;
    this.#firstMs = firstMs;
    this.#longestMs = longestMs;
    this.#nextMs = firstMs;
  }

  get waiting(): boolean {
    return this.#timer !== undefined;
  }

  /** Calls `over` when the pause has passed. One that lasts goes on. */
  begin(over: () => void, leastMs = 0): void {
    if (this.#timer !== undefined) return;
    const delayMs = Math.max(this.#nextMs, leastMs) * (0.75 + Math.random() / 2);
    this.#nextMs = Math.min(2 * this.#nextMs, this.#longestMs);
    this.#timer = this.#clock.setTimer(() => {
      this.#timer = undefined;
      over();
    }, delayMs);
  }

  /** It works again: the next pause is short. */
  reset(): void {
    this.#nextMs = this.#firstMs;
  }

  cancel(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
