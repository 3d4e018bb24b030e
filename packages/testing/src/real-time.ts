// Taken once, so that a test which replaces the global timers does not stop the harness.
const { setImmediate, setTimeout } = globalThis;
const monotonic = performance.now.bind(performance);

/** Everything that is ready has run once when this resolves: microtasks, and the I/O that had come in. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

function millisecond(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 1);
  });
}

/** A pause of the whole process counts no longer than this: a machine that stalls must not fail a test. */
const longestRoundMs = 100;

/** A poll that is quick at first and spares the processor when it lasts. */
export class Poll {
  #last = monotonic();
  #elapsedMs = 0;
  #rounds = 0;

  /** Milliseconds of real time spent in it. */
  get elapsedMs(): number {
    return this.#elapsedMs;
  }

  async next(): Promise<void> {
    this.#rounds += 1;
    await (this.#rounds < 50 ? turn() : millisecond());
    const now = monotonic();
    this.#elapsedMs += Math.min(longestRoundMs, now - this.#last);
    this.#last = now;
  }
}

/**
 * Waits until `condition` holds.
 *
 * @param limitMs Milliseconds of real time.
 * @throws Error with what `explain` says when the limit is over.
 */
export async function pollUntil(
  condition: () => boolean | Promise<boolean>,
  limitMs: number,
  explain: () => string | Promise<string>,
): Promise<void> {
  const poll = new Poll();
  while (!(await condition())) {
    if (poll.elapsedMs > limitMs) throw new Error(await explain());
    await poll.next();
  }
}
