/** Marks wait for each other so long, in milliseconds; the same as in Busbar. */
const gatherMs = 5;

/** Gathers the ids of what was dispatched, for one statement at a time. */
export class BatchedMarks {
  readonly #mark: (ids: readonly string[]) => Promise<void>;
  #ids: string[] = [];
  #timer: NodeJS.Timeout | undefined;
  #marking = false;

  constructor(mark: (ids: readonly string[]) => Promise<void>) {
    this.#mark = mark;
  }

  add(id: string): void {
    this.#ids.push(id);
    if (!this.#marking) this.#timer ??= setTimeout(() => void this.#flush(), gatherMs);
  }

  async #flush(): Promise<void> {
    this.#timer = undefined;
    this.#marking = true;
    const ids = this.#ids;
    this.#ids = [];
    await this.#mark(ids);
    this.#marking = false;
    if (this.#ids.length > 0) this.#timer ??= setTimeout(() => void this.#flush(), gatherMs);
  }
}
