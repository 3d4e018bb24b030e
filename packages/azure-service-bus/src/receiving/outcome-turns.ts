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

  /** Resolves when messages of the link may be settled so, which is to happen at once. */
  async take(link: object, outcome: string): Promise<void> {
    for (let turn = this.#turns.get(link); turn !== undefined; turn = this.#turns.get(link)) {
      if (turn.outcome === outcome) return;
      await turn.over;
    }
    const { promise: over, resolve } = Promise.withResolvers<void>();
    this.#turns.set(link, { outcome, over });
    setImmediate(() => {
      this.#turns.delete(link);
      resolve();
    });
  }
}
