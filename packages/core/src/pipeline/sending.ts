/**
 * A send that a handler began. It knows whether anybody looks at what becomes of it: a failure that the handler caught is
 * the handler's own matter, one that nobody looks at fails the attempt.
 */
export class Sending extends Promise<void> {
  /** Its derived promises are ordinary ones. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  #watched = false;

  constructor(executor: ConstructorParameters<typeof Promise<void>>[0]) {
    super(executor);
    // A handler that throws leaves its sends behind; what becomes of them then is no unhandled rejection.
    super.then(undefined, () => {});
  }

  /** Whether it was awaited, or its failure caught. */
  get watched(): boolean {
    return this.#watched;
  }

  // oxlint-disable-next-line unicorn/no-thenable -- it is a promise; `await` comes through here
  override then<Value = void, Reason = never>(
    onFulfilled?: ((value: void) => Value | PromiseLike<Value>) | null,
    onRejected?: ((reason: unknown) => Reason | PromiseLike<Reason>) | null,
  ): Promise<Value | Reason> {
    this.#watched = true;
    return super.then(onFulfilled, onRejected);
  }
}

/**
 * Waits until all have ended, those included that one of them led to. Rejects with the failure of the first that nobody
 * watched.
 */
export async function endOf(sendings: readonly Sending[]): Promise<void> {
  for (let seen = 0; seen < sendings.length;) {
    const further = sendings.slice(seen);
    seen = sendings.length;
    const unwatched = further.filter((sending) => !sending.watched);
    await Promise.allSettled(further);
    await Promise.all(unwatched);
  }
}
