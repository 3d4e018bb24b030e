import type { BrokerClock } from '../clock/broker-clock.ts';

/** Ids are remembered no longer than the window, and never more than these, so that memory stays bounded. */
const mostIds = 500_000;

/** The message ids of an entity's recent past. */
export class DuplicateHistory {
  readonly #clock: BrokerClock;
  readonly #window: () => number;
  /** In the order of their time. */
  readonly #ids = new Map<string, number>();

  constructor(clock: BrokerClock, window: () => number) {
    this.#clock = clock;
    this.#window = window;
  }

  /** Whether the id was seen within the window; if not, it is from now on. */
  isDuplicate(id: string): boolean {
    const now = this.#clock.now();
    this.#forget(now - this.#window());
    if (this.#ids.has(id)) return true;
    this.#ids.set(id, now);
    return false;
  }

  #forget(before: number): void {
    for (const [id, at] of this.#ids) {
      if (at > before && this.#ids.size < mostIds) return;
      this.#ids.delete(id);
    }
  }
}
