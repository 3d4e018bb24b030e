import { type Clock, type Timer, BusbarError } from '@busbar/core';
import type { StoreFile } from './store-file.ts';
import { busyCode, storeError, troubleOf } from './store-errors.ts';

// Taken once, so that a test which replaces the global timers does not stop every sender.
const { setImmediate } = globalThis;

/** What a job sees of the transaction that it is part of. */
export interface Transaction {
  /** Wall-clock milliseconds, read after the lock was got: what commits later is never older. */
  readonly now: number;
  /** The place of what is sent now: as `now`, but never going back with the clock while the process runs. */
  readonly place: number;
  /** Queues in which something became visible, now or for later: their receivers look again. */
  readonly touched: Set<number>;
  /** How many messages each receiver has settled in it, and has room for now. */
  readonly freed: Map<object, number>;
}

/** What takes part in every transaction, after the jobs. */
export interface WriterHost {
  /** Whether a transaction is worth it although there are no jobs. Called outside of transactions; may throw. */
  wantsTransaction(): boolean;
  /** Called right after the beginning, before any job; `alone` as in {@link WriterHost.ending}. */
  began(transaction: Transaction, alone: boolean): void;
  /** Called after all jobs, before the commit, unless the jobs have the transaction alone because it failed before. */
  ending(transaction: Transaction): void;
  /** Called after the commit, before the callers of the jobs go on; `alone` as in {@link WriterHost.ending}. */
  committed(transaction: Transaction, alone: boolean): void;
  /** Called instead when nothing of the transaction came to be; {@link WriterHost.wantsTransaction} is asked soon after. */
  undone(): void;
  /** The file could not be used; a success is told by {@link WriterHost.committed}. */
  failed(error: Error): void;
}

interface Job {
  readonly run: (transaction: Transaction) => unknown;
  readonly durable: boolean;
  readonly bytes: number;
  /** See {@link Writer.submitApart}. */
  readonly apart: boolean;
  /** Monotonic milliseconds until which it waits for the lock. */
  readonly deadline: number;
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
  value: unknown;
  /** What it threw, while the others of the batch went on. */
  failure: { readonly thrown: unknown } | undefined;
}

const mostJobs = 1_000;
const mostBytes = 8 * 1_024 * 1_024;
const longestWaitMs = 50;

/**
 * Joins everything that one turn of the event loop wants written into one transaction, so that it waits for the disk
 * once. Each job keeps a result of its own: when a batch fails, its jobs are tried one by one. A job that fails by itself
 * undoes nothing of its neighbours.
 *
 * A transaction is begun, filled and committed in one synchronous piece. No `await` stands between, so that nothing that
 * a handler does can make another process wait.
 */
export class Writer {
  readonly #file: StoreFile;
  readonly #clock: Clock;
  readonly #host: WriterHost;
  readonly #busyTimeoutMs: number;
  #jobs: Job[] = [];
  #scheduled = false;
  #waiting: Timer | undefined;
  #attempts = 0;
  /** Since when the lock could not be got, by the monotonic clock. */
  #busySince: number | undefined;
  #idleWaiters: (() => void)[] = [];
  #place = 0;
  /** Whether something was undone that the host has to look after. */
  #undone = false;
  #closed = false;

  constructor(file: StoreFile, clock: Clock, busyTimeoutMs: number, host: WriterHost) {
    this.#file = file;
    this.#clock = clock;
    this.#busyTimeoutMs = busyTimeoutMs;
    this.#host = host;
  }

  /**
   * Runs `run` in the next transaction and resolves with its value once that is committed.
   *
   * @param run Synchronous, and repeatable: it runs again when the batch that it was in has failed.
   * @param durable Whether the result must survive a power loss before it is told.
   * @param bytes About how much it writes.
   */
  submit<T>(run: (transaction: Transaction) => T, durable: boolean, bytes = 0): Promise<T> {
    return this.#submit(run, durable, bytes, false);
  }

  /**
   * As {@link Writer.submit}, for what fails by itself now and then: it has a savepoint of its own, so that the batch need
   * not be repeated without it. It changes `freed` last, when nothing of it can fail any more.
   */
  submitApart<T>(run: (transaction: Transaction) => T, durable: boolean, bytes = 0): Promise<T> {
    return this.#submit(run, durable, bytes, true);
  }

  /** Has {@link WriterHost.wantsTransaction} asked soon. */
  readonly poke = (): void => {
    if (this.#scheduled || this.#waiting !== undefined || this.#closed) return;
    this.#scheduled = true;
    setImmediate(this.#flush);
  };

  /** Runs one small thing in a transaction of its own, now. False when the lock is not free at once. */
  runNow(run: (transaction: Transaction) => void): boolean {
    const transaction = this.#tryBegin(false);
    if (transaction === undefined) return false;
    try {
      run(transaction);
      this.#file.commit();
      return true;
    } catch (error) {
      this.#file.rollback();
      throw error;
    }
  }

  #submit<T>(
    run: (transaction: Transaction) => T,
    durable: boolean,
    bytes: number,
    apart: boolean,
  ): Promise<T> {
    if (this.#closed) return Promise.reject(this.#closedError());
    const deadline = this.#clock.monotonic() + this.#busyTimeoutMs;
    const empty = { value: undefined, failure: undefined };
    return new Promise<T>((resolve, reject) => {
      this.#jobs.push({ run, durable, bytes, apart, deadline, resolve, reject, ...empty });
      this.poke();
    });
  }

  /** Resolves when nothing is left to write. */
  idle(): Promise<void> {
    if (this.#jobs.length === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idleWaiters.push(resolve));
  }

  close(): void {
    this.#closed = true;
    this.#waiting?.cancel();
    for (const job of this.#jobs.splice(0)) job.reject(this.#closedError());
    this.#wakeIdle();
  }

  readonly #flush = (): void => {
    this.#scheduled = false;
    this.#waiting?.cancel();
    this.#waiting = undefined;
    if (this.#closed) return;
    if (this.#jobs.length === 0) {
      try {
        if (!this.#host.wantsTransaction()) {
          this.#gotLock();
          return;
        }
      } catch (error) {
        this.#host.failed(storeError(this.#file.path, error));
        return;
      }
    }
    const batch = this.#take();
    try {
      const transaction = this.#tryBegin(batch.some((job) => job.durable));
      if (transaction === undefined) this.#waitForLock(batch);
      else this.#fill(transaction, batch, false);
    } catch (error) {
      this.#fail(batch, error);
    }
    // What was undone may have been the only look at a message for a long time.
    if (this.#jobs.length > 0 || this.#undone) this.poke();
    this.#undone = false;
    if (this.#jobs.length === 0) this.#wakeIdle();
  };

  #take(): Job[] {
    let bytes = 0;
    let count = 0;
    for (const job of this.#jobs) {
      bytes += job.bytes;
      if (count > 0 && (count >= mostJobs || bytes > mostBytes)) break;
      count += 1;
    }
    return this.#jobs.splice(0, count);
  }

  #tryBegin(durable: boolean): Transaction | undefined {
    try {
      this.#file.begin(durable, this.#attempts === 0);
    } catch (error) {
      if (troubleOf(error) === 'busy') return undefined;
      throw error;
    }
    this.#gotLock();
    const now = Math.floor(this.#clock.now());
    this.#place = Math.max(this.#place, now);
    return { now, place: this.#place, touched: new Set(), freed: new Map() };
  }

  /** Or wants it no more. */
  #gotLock(): void {
    this.#attempts = 0;
    this.#busySince = undefined;
  }

  #fill(transaction: Transaction, batch: readonly Job[], alone: boolean): void {
    let running: Job | undefined;
    let committing = false;
    try {
      this.#host.began(transaction, alone);
      for (const job of batch) {
        running = job;
        this.#runJob(job, transaction, batch.length === 1);
      }
      running = undefined;
      if (!alone) this.#host.ending(transaction);
      committing = true;
      this.#file.commit();
    } catch (error) {
      this.#file.rollback();
      this.#undone = true;
      this.#host.undone();
      if (committing && troubleOf(error) === 'io') throw this.#unknown(error);
      if (alone || batch.length === 0) throw error;
      if (running === undefined || troubleOf(error) !== undefined) this.#oneByOne(batch);
      else this.#without(running, error, batch);
      return;
    }
    this.#host.committed(transaction, alone);
    for (const job of batch) {
      if (job.failure === undefined) job.resolve(job.value as never);
      else job.reject(storeError(this.#file.path, job.failure.thrown));
    }
  }

  /** @throws what the job threw, unless it is undone already and the others go on. */
  #runJob(job: Job, transaction: Transaction, single: boolean): void {
    job.failure = undefined;
    if (single || !job.apart) {
      job.value = job.run(transaction);
      return;
    }
    job.failure = this.#file.runApart(() => {
      job.value = job.run(transaction);
    });
    if (job.failure !== undefined && troubleOf(job.failure.thrown) !== undefined) {
      throw job.failure.thrown;
    }
  }

  /** The job itself was at fault, not the file. */
  #without(culprit: Job, error: unknown, batch: readonly Job[]): void {
    this.#fail([culprit], error);
    const others = batch.filter((job) => job !== culprit);
    if (others.length === 0) return;
    try {
      const transaction = this.#tryBegin(others.some((job) => job.durable));
      if (transaction === undefined) this.#waitForLock(others);
      else this.#fill(transaction, others, false);
    } catch (thrown) {
      this.#fail(others, thrown);
    }
  }

  /** One of them may be too much for the file; the others must not suffer for it. */
  #oneByOne(batch: readonly Job[]): void {
    for (const [index, job] of batch.entries()) {
      try {
        const transaction = this.#tryBegin(job.durable);
        if (transaction === undefined) {
          this.#waitForLock(batch.slice(index));
          return;
        }
        this.#fill(transaction, [job], true);
      } catch (error) {
        this.#fail([job], error);
      }
    }
  }

  #fail(batch: readonly Job[], thrown: unknown): void {
    const error = storeError(this.#file.path, thrown);
    const isFile = troubleOf(thrown) !== undefined || isUnknownOutcome(thrown);
    if (batch.length === 0 || isFile) this.#host.failed(error);
    for (const job of batch) job.reject(error);
  }

  /** What was written before the commit failed may be there after a crash, or may not. */
  #unknown(cause: unknown): BusbarError {
    const { message } = storeError(this.#file.path, cause);
    return new BusbarError('OUTCOME_UNKNOWN', `A commit failed halfway: ${message}`, { cause });
  }

  /** Puts the jobs back, and gives up those that have waited long enough. */
  #waitForLock(batch: readonly Job[]): void {
    const now = this.#clock.monotonic();
    this.#busySince ??= now;
    const patient = batch.filter((job) => job.deadline > now);
    if (patient.length < batch.length || now - this.#busySince >= this.#busyTimeoutMs) {
      const error = this.#busyError();
      this.#host.failed(error);
      for (const job of batch) if (job.deadline <= now) job.reject(error);
    }
    this.#jobs = [...patient, ...this.#jobs];
    this.#attempts += 1;
    // Jitter, so that processes which were refused together do not come back together.
    const waitMs = Math.min(longestWaitMs, 2 ** this.#attempts) * (0.5 + Math.random() / 2);
    this.#waiting = this.#clock.setTimer(this.#flush, waitMs, true);
  }

  #busyError(): Error {
    const waited = new Error(`waited ${this.#busyTimeoutMs} ms for the write lock`);
    return storeError(this.#file.path, Object.assign(waited, { errcode: busyCode }));
  }

  #closedError(): BusbarError {
    return new BusbarError('TRANSPORT_UNAVAILABLE', `The file ${this.#file.path} was closed.`);
  }

  #wakeIdle(): void {
    for (const wake of this.#idleWaiters.splice(0)) wake();
  }
}

/** Whether a commit failed in such a way that it may have taken place all the same. */
export function isUnknownOutcome(error: unknown): boolean {
  return error instanceof BusbarError && error.code === 'OUTCOME_UNKNOWN';
}
