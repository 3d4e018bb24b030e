import type { Clock, Timer } from '../../time/clock.ts';
import { type Due, DueHeap } from './due-heap.ts';
import type { MemoryMessage } from './memory-message.ts';
import type { MemoryQueue } from './memory-queue.ts';

/** A message that waits for its moment. */
export interface DelayedMessage extends Due {
  readonly queue: MemoryQueue;
  readonly message: MemoryMessage;
}

/** The delayed messages of one clock, with a single timer for the earliest of them. */
export class DelayedMessages {
  readonly #clock: Clock;
  readonly #deliver: (delayed: DelayedMessage) => void;
  readonly #waiting = new DueHeap<DelayedMessage>();
  #timer: Timer | undefined;
  #timerFor = Number.POSITIVE_INFINITY;

  constructor(clock: Clock, deliver: (delayed: DelayedMessage) => void) {
    this.#clock = clock;
    this.#deliver = deliver;
  }

  get nextDueAt(): number | undefined {
    return this.#waiting.first?.dueAt;
  }

  add(delayed: DelayedMessage): void {
    this.#waiting.push(delayed);
    if (delayed.dueAt < this.#timerFor) this.#arm();
  }

  #arm(): void {
    this.#timer?.cancel();
    const next = this.#waiting.first;
    this.#timerFor = next?.dueAt ?? Number.POSITIVE_INFINITY;
    if (next === undefined) return;
    // Timers may fire a little before the wall clock gets there; then the rest is waited for again.
    const wait = Math.max(1, next.dueAt - this.#clock.now());
    this.#timer = this.#clock.setTimer(this.#deliverDue, wait);
  }

  readonly #deliverDue = (): void => {
    const now = this.#clock.now();
    for (let next = this.#waiting.first; next !== undefined; next = this.#waiting.first) {
      if (next.dueAt > now) break;
      this.#waiting.pop();
      this.#deliver(next);
    }
    this.#arm();
  };
}
