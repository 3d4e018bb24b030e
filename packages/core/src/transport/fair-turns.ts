import type { Clock } from '../time/clock.ts';

// Taken once, so that a test which replaces the global timers does not stop every receiver.
const { setImmediate } = globalThis;

const mostPerTurn = 256;
const longestTurnMs = 5;

/**
 * Shares the event loop. Handlers that never wait for I/O would follow one another in microtasks for as long as there
 * are messages, and no timer, socket or signal of the process would ever be served.
 */
export class FairTurns {
  readonly #clock: Clock | undefined;
  readonly #resume: () => void;
  #resting = false;
  #count = 0;
  #began: number;

  /**
   * @param resume Called when the rest is over.
   * @param clock To end long turns early; without it a turn ends by count alone.
   */
  constructor(resume: () => void, clock?: Clock) {
    this.#clock = clock;
    this.#resume = resume;
    this.#began = clock?.monotonic() ?? 0;
  }

  /** True from the end of a turn until everybody else had theirs: begin nothing new. */
  get resting(): boolean {
    return this.#resting;
  }

  /** So many more pieces of work were done. */
  count(pieces = 1): void {
    this.#count += pieces;
    if (this.#resting) return;
    if (this.#count < mostPerTurn && !this.#isLong()) return;
    this.#resting = true;
    setImmediate(this.#next);
  }

  readonly #next = (): void => {
    this.#resting = false;
    this.#count = 0;
    if (this.#clock !== undefined) this.#began = this.#clock.monotonic();
    this.#resume();
  };

  #isLong(): boolean {
    return this.#clock !== undefined && this.#clock.monotonic() - this.#began >= longestTurnMs;
  }
}
