import { type Clock, systemClock } from '@busbar/core';

/** The system's clock, whose wall time a test moves on. */
export class ShiftedClock implements Clock {
  #shift = 0;

  now(): number {
    return systemClock.now() + this.#shift;
  }

  monotonic(): number {
    return systemClock.monotonic();
  }

  setTimer(...settings: Parameters<Clock['setTimer']>): ReturnType<Clock['setTimer']> {
    return systemClock.setTimer(...settings);
  }

  advance(ms: number): void {
    this.#shift += ms;
  }
}
