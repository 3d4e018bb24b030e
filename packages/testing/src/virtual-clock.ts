import { type Clock, type Duration, type Timer, toMilliseconds } from '@busbar/core';

/** Options of {@link VirtualClock}. */
export interface VirtualClockOptions {
  /** The wall-clock time at the beginning. @default 2026-01-01T00:00:00Z */
  readonly startAt?: Date;
}

interface PendingTimer {
  readonly dueAt: number;
  readonly sequence: number;
  readonly action: () => void;
}

/** A clock that stands still until it is told to move, so that a test can let three days pass in a millisecond. */
export class VirtualClock implements Clock {
  #elapsed = 0;
  #wallOffset: number;
  #sequence = 0;
  /** The next one first. */
  #timers: PendingTimer[] = [];

  constructor(options: VirtualClockOptions = {}) {
    this.#wallOffset = (options.startAt ?? new Date('2026-01-01T00:00:00Z')).getTime();
  }

  now(): number {
    return this.#wallOffset + this.#elapsed;
  }

  monotonic(): number {
    return this.#elapsed;
  }

  setTimer(action: () => void, delayMs: number): Timer {
    this.#sequence += 1;
    const dueAt = this.#elapsed + Math.max(0, delayMs);
    const timer: PendingTimer = { dueAt, sequence: this.#sequence, action };
    this.#insert(timer);
    return { cancel: () => this.#remove(timer) };
  }

  /** Milliseconds until the next timer is due; undefined while none is set. */
  get nextTimerInMs(): number | undefined {
    const next = this.#timers[0];
    return next === undefined ? undefined : Math.max(0, next.dueAt - this.#elapsed);
  }

  /** Timers that are set and have neither fired nor been cancelled. */
  get pendingTimers(): number {
    return this.#timers.length;
  }

  /**
   * Moves the time forward and fires each timer that comes due at its own moment, those that they set included. Whatever
   * is asynchronous has not gone on when it returns: `harness.advance()` moves the clock and waits for that, too.
   */
  advance(by: Duration): void {
    const end = this.#elapsed + toMilliseconds(by, 'by');
    for (let next = this.#timers[0]; next !== undefined; next = this.#timers[0]) {
      if (next.dueAt > end) break;
      this.#timers.shift();
      this.#elapsed = Math.max(this.#elapsed, next.dueAt);
      next.action();
    }
    this.#elapsed = end;
  }

  /**
   * Sets the wall clock as a correction of the machine's time would, backwards too. Monotonic time does not move and no
   * timer fires.
   */
  setWallClock(time: Date): void {
    this.#wallOffset = time.getTime() - this.#elapsed;
  }

  #insert(timer: PendingTimer): void {
    let low = 0;
    let high = this.#timers.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#timers[middle] as PendingTimer).dueAt <= timer.dueAt) low = middle + 1;
      else high = middle;
    }
    this.#timers.splice(low, 0, timer);
  }

  #remove(timer: PendingTimer): void {
    const index = this.#timers.indexOf(timer);
    if (index >= 0) this.#timers.splice(index, 1);
  }
}
