import { asError } from '@busbar/core';

/** The waits of one test: none beyond the limit, and none once the test has failed elsewhere. */
export class Waits {
  /** The longest that any one wait may take. */
  readonly limitMs: number;
  readonly #pending = new Set<(error: Error) => void>();
  #failure: Error | undefined;

  constructor(limitMs: number) {
    this.limitMs = limitMs;
  }

  /** What went wrong where nobody awaits it. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Fails the test from a callback whose rejection nobody would see. */
  fail(error: Error): void {
    this.#failure ??= error;
    for (const giveUp of this.#pending) giveUp(this.#failure);
  }

  until<T>(promise: Promise<T>, what: string | (() => string)): Promise<T> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return this.#bounded(promise, what);
  }

  /** Awaits all of `ending`, also after a failure, so that nothing goes on beside the next test. */
  async end(ending: readonly Promise<unknown>[], what: string): Promise<void> {
    try {
      for (const result of await this.#bounded(Promise.allSettled(ending), what)) {
        if (result.status === 'rejected') this.#failure ??= asError(result.reason);
      }
    } catch (error) {
      this.#failure ??= asError(error);
    }
  }

  /** Forgets the waits that are left; what they waited for is about to be cleared away. */
  clear(): void {
    this.#pending.clear();
  }

  #bounded<T>(promise: Promise<T>, what: string | (() => string)): Promise<T> {
    // Not a race with one promise of the whole test: that would keep the result of every wait until the end.
    return new Promise<T>((resolve, reject) => {
      const timer = setTimeout(() => {
        const waitedFor = typeof what === 'string' ? what : what();
        end(() => reject(new Error(`waited ${this.limitMs} ms in vain for ${waitedFor}`)));
      }, this.limitMs);
      const giveUp = (error: Error): void => end(() => reject(error));
      const end = (settle: () => void): void => {
        clearTimeout(timer);
        this.#pending.delete(giveUp);
        settle();
      };
      this.#pending.add(giveUp);
      promise.then(
        (value) => end(() => resolve(value)),
        (error: unknown) => end(() => reject(asError(error))),
      );
    });
  }
}
