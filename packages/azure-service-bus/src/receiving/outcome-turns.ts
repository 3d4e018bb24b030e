interface Turn {
  readonly outcome: string;
  readonly over: Promise<void>;
}

/**
 * Lets messages of one link be settled with one outcome only in a turn of the event loop. The library below the SDK joins the
 * settlements of a turn into ranges and does not compare the second of a range with the first (rhea 3.0.5): a message that is
 * given back right behind one that is completed would be completed, too, and be gone.
 */
export class OutcomeTurns {
  readonly #turns = new WeakMap<object, Turn>();

  /** Waits until messages of the link may be settled so, which is to happen at once; undefined when they may. */
  take(link: object, outcome: string): Promise<void> | undefined {
    const turn = this.#turns.get(link);
    if (turn === undefined) this.#begin(link, outcome);
    else if (turn.outcome !== outcome) return turn.over.then(() => this.take(link, outcome));
    return undefined;
  }

  #begin(link: object, outcome: string): void {
    const { promise: over, resolve } = Promise.withResolvers<void>();
    this.#turns.set(link, { outcome, over });
    setImmediate(() => {
      this.#turns.delete(link);
      resolve();
    });
  }
}
