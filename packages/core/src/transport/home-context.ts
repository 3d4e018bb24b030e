import { AsyncLocalStorage } from 'node:async_hooks';

/**
 * The async context in which a receiver was started. A delivery is brought in by whatever woke the receiver, often by a
 * sender, and what that one keeps in its `AsyncLocalStorage` (a tenant, a trace, the attempt it is part of) is no
 * business of the message's handler.
 */
export class HomeContext {
  readonly #run = AsyncLocalStorage.snapshot();
  #inside = false;

  /** Calls `action` in this context. */
  run<A>(action: (argument: A) => unknown, argument: A): void {
    if (!this.#inside) {
      this.#run(action, argument);
      return;
    }
    // What the action calls may be in a context of its own.
    this.#inside = false;
    try {
      action(argument);
    } finally {
      this.#inside = true;
    }
  }

  /** Calls `action`, from code that is known to run in this context: each change of context costs a message. */
  stay(action: () => void): void {
    this.#inside = true;
    try {
      action();
    } finally {
      this.#inside = false;
    }
  }

  /** Calls `action` in this context, so that what it enters does not stay with the caller. */
  call<A, R>(action: (argument: A) => R, argument: A): R {
    return this.#run(action, argument);
  }
}
