import type { Clock, Timer } from '@busbar/core';

/** A clock that moves when a test says so. */
export class HandClock implements Clock {
  #time = 0;
  #timers: { readonly due: number; readonly action: () => void }[] = [];

  now(): number {
    return this.#time;
  }

  monotonic(): number {
    return this.#time;
  }

  setTimer(action: () => void, delayMs: number): Timer {
    const timer = { due: this.#time + delayMs, action };
    this.#timers.push(timer);
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((other) => other !== timer);
      },
    };
  }

  advance(ms: number): void {
    this.#time += ms;
    const due = this.#timers.filter((timer) => timer.due <= this.#time);
    this.#timers = this.#timers.filter((timer) => !due.includes(timer));
    for (const { action } of due) action();
  }
}
