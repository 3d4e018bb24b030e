interface Waiter {
  readonly condition: () => boolean;
  readonly resolve: () => void;
}

/** Lets a test wait for a state of the broker instead of for a time. */
export class Changes {
  readonly #waiters = new Set<Waiter>();

  tell(): void {
    for (const waiter of this.#waiters) if (waiter.condition()) waiter.resolve();
  }

  /** @throws Error when the condition does not hold in time */
  async until(condition: () => boolean, timeoutMs: number): Promise<void> {
    if (condition()) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter = { condition, resolve };
    this.#waiters.add(waiter);
    const timeout = setTimeout(() => {
      reject(new Error(`Within ${timeoutMs} ms this did not come true: ${condition.toString()}`));
    }, timeoutMs);
    try {
      await promise;
    } finally {
      clearTimeout(timeout);
      this.#waiters.delete(waiter);
    }
  }
}
