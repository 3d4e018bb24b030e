import type { Clock } from '@busbar/core';
import Long from 'long';
import type { StreamLink } from './stream-link.ts';

/** For so long nothing came before anybody asks why. */
const firstMs = 30_000;
const longestMs = 600_000;
/** Messages that are asked for at once; most queues need no second page. */
const page = 100;

/** Finds out whether a link that brings nothing has nothing to bring. */
export class Hunger {
  readonly #clock: Clock;
  #patienceMs = firstMs;
  #asking = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * True when messages have lain in the queue for long that the link does not bring. They may be held by somebody with slow
   * handlers, which nobody tells: so it is asked more and more seldom.
   */
  async isLeftOut(link: StreamLink): Promise<boolean> {
    if (link.silentMs < firstMs) this.#patienceMs = firstMs;
    if (this.#asking || !link.hungry || link.silentMs < this.#patienceMs) return false;
    this.#asking = true;
    try {
      const since = await this.#firstActive(link);
      if (this.#clock.now() - since < firstMs) return false;
      this.#becomePatient();
      return true;
    } catch {
      // It will be asked again, and what is wrong with the connection is told by the link itself.
      return false;
    } finally {
      this.#asking = false;
    }
  }

  /** When the oldest message that could be brought came. Delayed and deferred ones lie between the others. */
  async #firstActive({ receiver }: StreamLink): Promise<number> {
    let from = Long.ZERO;
    for (let pages = 0; ; pages += 1) {
      // Nobody shall read a long list of delayed messages every half minute.
      if (pages === 1) this.#becomePatient();
      const messages = await receiver.peekMessages(page, { fromSequenceNumber: from });
      const active = messages.find(({ state }) => state === 'active');
      if (active !== undefined)
        return active.enqueuedTimeUtc?.getTime() ?? Number.POSITIVE_INFINITY;
      const last = messages.at(-1)?.sequenceNumber;
      if (last === undefined) return Number.POSITIVE_INFINITY;
      from = last.add(1);
    }
  }

  #becomePatient(): void {
    this.#patienceMs = Math.min(longestMs, 2 * this.#patienceMs);
  }
}
