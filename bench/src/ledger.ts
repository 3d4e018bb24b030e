import { percentile } from './statistics.ts';

/** Of each so many messages the time is taken; looking at the clock for all would be a part of what is measured. */
const sampleEvery = 8;

/** Milliseconds by a clock that all processes of the machine share. */
export function sharedNow(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** Counts each message of a run by its id, so that what is lost or doubled shows. */
export class Ledger {
  /** The ids are the whole numbers from `first` on. */
  readonly first: number;
  readonly size: number;
  readonly #ended: Uint8Array;
  readonly #startedAt: Float64Array;
  readonly #latencies: number[] = [];
  readonly #all = Promise.withResolvers<void>();
  #left: number;
  #strays = 0;

  constructor(first: number, size: number) {
    this.first = first;
    this.size = size;
    this.#left = size;
    this.#ended = new Uint8Array(size);
    this.#startedAt = new Float64Array(Math.ceil(size / sampleEvery));
    if (size === 0) this.#all.resolve();
  }

  /** Resolves when each message has ended at least once. */
  get all(): Promise<void> {
    return this.#all.promise;
  }

  get lost(): number {
    return this.#left;
  }

  /** Ends beyond the first of each message, and ends of messages that belong to no run. */
  get duplicated(): number {
    return this.#ended.reduce((sum, count) => sum + Math.max(0, count - 1), this.#strays);
  }

  started(id: number): void {
    const index = id - this.first;
    if (index % sampleEvery === 0) this.#startedAt[index / sampleEvery] = sharedNow();
  }

  /** @param startedAt When it started, where another process knows that. */
  ended(id: number, startedAt?: number): void {
    if (!this.#count(id)) return;
    const index = id - this.first;
    if (startedAt !== undefined) this.#latencies.push(sharedNow() - startedAt);
    else if (index % sampleEvery === 0) {
      this.#latencies.push(sharedNow() - (this.#startedAt[index / sampleEvery] ?? 0));
    }
    if (this.#left === 0) this.#all.resolve();
  }

  /** Counts anew, by what was found in the end, runs before this one included. The times that were taken stay. */
  recount(ids: Iterable<number>): void {
    this.#ended.fill(0);
    this.#left = this.size;
    this.#strays = 0;
    for (const id of ids) if (id >= this.first) this.#count(id);
  }

  #count(id: number): boolean {
    const index = id - this.first;
    if (!(index >= 0 && index < this.size)) {
      this.#strays += 1;
      return false;
    }
    const count = this.#ended[index] ?? 0;
    this.#ended[index] = Math.min(255, count + 1);
    if (count > 0) return false;
    this.#left -= 1;
    return true;
  }

  /** The time from the start of a message to its end, in milliseconds; NaN when none was taken. */
  latency(share: number): number {
    return percentile(this.#latencies, share);
  }
}
