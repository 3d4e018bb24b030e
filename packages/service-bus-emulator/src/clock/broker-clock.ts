import { MinHeap } from './min-heap.ts';

export interface Timer {
  cancel(): void;
}

interface Entry {
  readonly at: number;
  readonly run: () => void;
  cancelled: boolean;
}

/** Longest delay that Node's timers take. */
const longestDelay = 2 ** 31 - 1;

/** The time of the broker: real time, plus what a test advanced it by. */
export class BrokerClock {
  readonly #entries = new MinHeap<Entry>((entry) => entry.at);
  readonly #onRun: () => void;
  #offset = 0;
  #cancelled = 0;
  #wakeUp: NodeJS.Timeout | undefined;
  #wakeUpAt = Infinity;
  #stopped = false;

  /** `onRun` is told after each timer. */
  constructor(onRun: () => void = () => {}) {
    this.#onRun = onRun;
  }

  now(): number {
    return Date.now() + this.#offset;
  }

  /** Runs once, when the broker's time has reached `at`; never synchronously. */
  at(at: number, run: () => void): Timer {
    const entry: Entry = { at, run, cancelled: false };
    this.#entries.push(entry);
    this.#arm();
    return {
      cancel: () => {
        if (entry.cancelled) return;
        entry.cancelled = true;
        this.#cancelled++;
        this.#compact();
      },
    };
  }

  /** What falls due on the way runs in the order of its time, each at its own time, before this returns. */
  advance(milliseconds: number): void {
    const goal = this.now() + milliseconds;
    for (let next = this.#entries.peek(); next !== undefined && next.at <= goal;) {
      const behind = next.at - this.now();
      if (behind > 0) this.#offset += behind;
      this.#runNext();
      next = this.#entries.peek();
    }
    const behind = goal - this.now();
    if (behind > 0) this.#offset += behind;
    // The pending wake-up was computed before the jump.
    clearTimeout(this.#wakeUp);
    this.#wakeUp = undefined;
    this.#arm();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#wakeUp);
  }

  #runNext(): void {
    const entry = this.#entries.pop();
    if (entry === undefined) return;
    if (entry.cancelled) this.#cancelled--;
    else {
      // Ran: a later cancel must not be counted as one that still lies in the heap.
      entry.cancelled = true;
      entry.run();
      this.#onRun();
    }
  }

  #arm(): void {
    const next = this.#entries.peek();
    if (next === undefined || this.#stopped) return;
    if (this.#wakeUp !== undefined && this.#wakeUpAt <= next.at) return;
    clearTimeout(this.#wakeUp);
    this.#wakeUpAt = next.at;
    const delay = Math.min(Math.max(next.at - this.now(), 0), longestDelay);
    this.#wakeUp = setTimeout(() => {
      this.#wakeUp = undefined;
      this.#runDue();
      this.#arm();
    }, delay);
    // The listening socket keeps the process alive, not a lock of a message.
    this.#wakeUp.unref();
  }

  #runDue(): void {
    // What is added while this runs waits for the next turn, or two timers that renew each other would never end.
    const now = this.now();
    for (let next = this.#entries.peek(); next !== undefined && next.at <= now;) {
      this.#runNext();
      next = this.#entries.peek();
    }
  }

  #compact(): void {
    if (this.#cancelled < 1_000 || this.#cancelled * 2 < this.#entries.size) return;
    this.#entries.retain((entry) => !entry.cancelled);
    this.#cancelled = 0;
  }
}
