/** A door that handlers wait at until a test opens it. */
export interface Gate {
  readonly passed: Promise<void>;
  readonly open: () => void;
}

export function gate(): Gate {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { passed: promise, open: resolve };
}

/** Counts, and tells when a count was reached. */
export class Counter {
  #count = 0;
  #waiting: { readonly count: number; readonly resolve: () => void }[] = [];

  get count(): number {
    return this.#count;
  }

  add(): void {
    this.#count += 1;
    const reached = this.#waiting.filter(({ count }) => count <= this.#count);
    if (reached.length === 0) return;
    this.#waiting = this.#waiting.filter(({ count }) => count > this.#count);
    for (const { resolve } of reached) resolve();
  }

  reaches(count: number): Promise<void> {
    if (this.#count >= count) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ count, resolve }));
  }
}

/** How many are inside now, and the most that ever were. */
export class Occupancy {
  readonly #entered = new Counter();
  #inside = 0;
  #most = 0;

  get inside(): number {
    return this.#inside;
  }

  get most(): number {
    return this.#most;
  }

  get entered(): Counter {
    return this.#entered;
  }

  enter(): void {
    this.#inside += 1;
    this.#most = Math.max(this.#most, this.#inside);
    this.#entered.add();
  }

  leave(): void {
    this.#inside -= 1;
  }

  /** Forgets the most that were inside so far. */
  restart(): void {
    this.#most = this.#inside;
  }
}
