/** Marks wait for each other so long, in milliseconds; the same as in Busbar. */
const gatherMs = 5;

/** Gathers the ids of what was dispatched, for one statement at a time. */
export class BatchedMarks {
  readonly #mark: (ids: readonly string[]) => Promise<void>;
  #ids: string[] = [];
  #waiting = false;

  constructor(mark: (ids: readonly string[]) => Promise<void>) {
    this.#mark = mark;
  }

  add(id: string): void {
    this.#ids.push(id);
    if (!this.#waiting) this.#flushLater();
  }

  #flushLater(): void {
    this.#waiting = true;
    setTimeout(() => void this.#flush(), gatherMs);
  }

  async #flush(): Promise<void> {
    const ids = this.#ids;
    this.#ids = [];
    await this.#mark(ids);
    this.#waiting = false;
    if (this.#ids.length > 0) this.#flushLater();
  }
}
