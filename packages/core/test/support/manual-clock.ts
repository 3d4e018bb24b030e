import type { Clock, Timer } from '../../src/time/clock.ts';

interface Armed {
  readonly due: number;
  readonly action: () => void;
}

/** Time that stands still until a test moves it. */
export class ManualClock implements Clock {
  #now = 0;
  #armed: Armed[] = [];

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now;
  }

  setTimer(action: () => void, delayMs: number): Timer {
    const armed = { due: this.#now + Math.max(0, delayMs), action };
    this.#armed.push(armed);
    return { cancel: () => (this.#armed = this.#armed.filter((each) => each !== armed)) };
  }

  /** Lets `ms` pass; timers fire in their order, and what they resolve goes on before the next one fires. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      const next = this.#armed.toSorted((a, b) => a.due - b.due)[0];
      if (next === undefined || next.due > end) break;
      this.#armed = this.#armed.filter((each) => each !== next);
      this.#now = next.due;
      next.action();
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#now = end;
  }
}
