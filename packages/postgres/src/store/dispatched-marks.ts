import type { Clock, Logger, Timer } from '@busbar/core';
import type { SqlRunner } from '../data-layer.ts';
import type { Prepared } from '../statement.ts';

/** Marks wait for each other so long, in milliseconds, that a statement removes many. */
const gatherMs = 5;
const mostAtOnce = 500;
const firstPauseMs = 200;
const longestPauseMs = 5_000;
/** What is forgotten beyond it, during a long outage, is dispatched once more. */
const mostKept = 50_000;

/** Removes records that were dispatched, behind those who dispatched them. */
export class DispatchedMarks {
  readonly #runner: SqlRunner;
  readonly #statement: Prepared;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #records: string[] = [];
  #timer: Timer | undefined;
  #flushing: Promise<void> | undefined;
  #pauseMs = 0;
  #closed = false;

  constructor(runner: SqlRunner, statement: Prepared, clock: Clock, logger: Logger) {
    this.#runner = runner;
    this.#statement = statement;
    this.#clock = clock;
    this.#logger = logger;
  }

  add(record: string): void {
    this.#records.push(record);
    if (this.#pauseMs > 0) {
      if (this.#records.length > mostKept) this.#records.splice(0, mostKept / 10);
      return;
    }
    if (this.#records.length >= mostAtOnce) this.#flush();
    else this.#flushAfter(gatherMs);
  }

  /** Removes what is left; what cannot be removed is dispatched once more by whoever comes next. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    await this.#flushing;
    while (this.#records.length > 0 && (await this.#removeSome()));
  }

  #flushAfter(delayMs: number): void {
    if (this.#closed || this.#flushing !== undefined) return;
    this.#timer ??= this.#clock.setTimer(() => {
      this.#timer = undefined;
      this.#flush();
    }, delayMs);
  }

  /** One statement at a time, so that it takes one connection of the pool at most. */
  #flush(): void {
    if (this.#closed || this.#flushing !== undefined) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#flushing = this.#removeSome().then(() => {
      this.#flushing = undefined;
      if (this.#records.length > 0) this.#flushAfter(Math.max(gatherMs, this.#pauseMs));
    });
  }

  async #removeSome(): Promise<boolean> {
    const records = this.#records.slice(0, mostAtOnce);
    this.#records = this.#records.slice(mostAtOnce);
    try {
      await this.#runner.run(this.#statement([records]));
      this.#pauseMs = 0;
      return true;
    } catch (error) {
      this.#records = [...records, ...this.#records];
      if (this.#pauseMs === 0) {
        this.#logger.warn(
          { err: error, records: this.#records.length },
          'It could not be noted that messages of the outbox were dispatched; if this goes on they are dispatched twice, with the same ids',
        );
      }
      this.#pauseMs = Math.min(longestPauseMs, Math.max(firstPauseMs, this.#pauseMs * 2));
      return false;
    }
  }
}
