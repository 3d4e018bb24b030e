import type { Clock, Timer } from '@busbar/core';
import { batchEntries } from '../message/limits.ts';

/** What a {@link Batcher} needs to know of an entry. */
export interface BatchEntry {
  /** Of the ten that may go together, how much of the room for all it takes. */
  readonly bytes: number;
  /** Entries of one group go one call after the other. */
  readonly group?: string | undefined;
}

/** Options of a {@link Batcher}. */
export interface BatcherOptions<E extends BatchEntry> {
  /** Carries out one call. Never rejects: what becomes of each entry is its own affair. */
  readonly send: (entries: readonly E[]) => Promise<void>;
  readonly clock: Clock;
  /** The longest that an entry waits for others, while calls can be made. */
  readonly windowMs: number;
  /** Room for the entries of one call. */
  readonly maxBytes?: number;
  /** Calls that may be under way at once. */
  readonly maxCalls?: number;
  /** Send at once what comes after a silence, instead of waiting for others. @default true */
  readonly eager?: boolean;
}

/**
 * Gathers entries into calls of ten. An entry waits until ten are there, or until the first of them has waited for the
 * window: its age counts, not how lately another one came. What comes after a silence goes with the turn of the event
 * loop in which it came.
 */
export class Batcher<E extends BatchEntry> {
  readonly #options: BatcherOptions<E>;
  readonly #maxBytes: number;
  readonly #maxCalls: number;
  readonly #busyGroups = new Set<string>();
  #pending: E[] = [];
  #oldest = 0;
  #calls = 0;
  #lastCall = Number.NEGATIVE_INFINITY;
  #timer: Timer | undefined;
  #turn: NodeJS.Immediate | undefined;
  #flushing = false;
  #idleWaiters: (() => void)[] = [];

  constructor(options: BatcherOptions<E>) {
    this.#options = options;
    this.#maxBytes = options.maxBytes ?? Number.POSITIVE_INFINITY;
    this.#maxCalls = options.maxCalls ?? 16;
  }

  /** Nothing waits and nothing is under way. */
  get idle(): boolean {
    return this.#pending.length === 0 && this.#calls === 0;
  }

  add(entry: E): void {
    this.#pending.push(entry);
    if (this.#pending.length === 1) this.#oldest = this.#options.clock.monotonic();
    if (this.#pending.length >= batchEntries || this.#flushing) this.#sendFull();
    this.#arm();
  }

  /** Waits for nothing more; resolves when all that was added has been dealt with. */
  async flush(): Promise<void> {
    while (this.#pending.length > 0 || this.#calls > 0) {
      this.#flushing = true;
      this.#sendAll();
      await new Promise<void>((resolve) => this.#idleWaiters.push(resolve));
    }
    this.#flushing = false;
  }

  #arm(): void {
    if (this.#pending.length === 0 || this.#timer !== undefined || this.#turn !== undefined) return;
    const { clock, windowMs, eager = true } = this.#options;
    const now = clock.monotonic();
    if (eager && this.#calls === 0 && now - this.#lastCall > 2 * windowMs) {
      this.#turn = setImmediate(() => {
        this.#turn = undefined;
        this.#sendAll();
        this.#arm();
      });
      return;
    }
    const left = Math.max(0, this.#oldest + windowMs - now);
    this.#timer = clock.setTimer(
      () => {
        this.#timer = undefined;
        this.#sendAll();
        // Where nothing more could be sent the end of a call goes on.
        if (this.#calls < this.#maxCalls) this.#arm();
      },
      left,
      true,
    );
  }

  #sendFull(): void {
    while (this.#pending.length >= batchEntries && this.#sendOne());
  }

  #sendAll(): void {
    while (this.#pending.length > 0 && this.#sendOne());
  }

  /** False when nothing can be sent for now. */
  #sendOne(): boolean {
    if (this.#calls >= this.#maxCalls) return false;
    const entries = this.#take();
    if (entries.length === 0) return false;
    this.#calls += 1;
    this.#lastCall = this.#options.clock.monotonic();
    void this.#run(entries);
    return true;
  }

  async #run(entries: readonly E[]): Promise<void> {
    try {
      await this.#options.send(entries);
    } finally {
      this.#calls -= 1;
      for (const { group } of entries) if (group !== undefined) this.#busyGroups.delete(group);
      this.#goOn();
    }
  }

  #goOn(): void {
    const overdue =
      this.#options.clock.monotonic() - this.#oldest >= this.#options.windowMs || this.#flushing;
    if (overdue) this.#sendAll();
    else this.#sendFull();
    if (this.#pending.length === 0 && this.#calls === 0) {
      for (const wake of this.#idleWaiters.splice(0)) wake();
    } else if (this.#calls < this.#maxCalls) {
      this.#arm();
    }
  }

  /** The next ten, fewer where they take the room; without those whose group has a call under way. */
  #take(): E[] {
    const taken: E[] = [];
    const left: E[] = [];
    let bytes = 0;
    let full = false;
    const passed = new Set<string>();
    for (const [index, entry] of this.#pending.entries()) {
      if (full || taken.length === batchEntries) {
        left.push(...this.#pending.slice(index));
        break;
      }
      const { group } = entry;
      const waits = group !== undefined && (this.#busyGroups.has(group) || passed.has(group));
      if (waits) {
        left.push(entry);
        passed.add(group);
      } else if (taken.length > 0 && bytes + entry.bytes > this.#maxBytes) {
        full = true;
        left.push(entry);
      } else {
        taken.push(entry);
        bytes += entry.bytes;
      }
    }
    for (const { group } of taken) if (group !== undefined) this.#busyGroups.add(group);
    this.#pending = left;
    if (taken.length > 0) this.#oldest = this.#options.clock.monotonic();
    return taken;
  }
}
