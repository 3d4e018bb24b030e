const smallest = 16;

/** A queue in one ring of memory: every operation but {@link Deque.removeAll} takes constant time. */
export class Deque<T> {
  #ring: (T | undefined)[] = Array.from({ length: smallest });
  #head = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The item at `index` from the front; `index` is below {@link Deque.size}. */
  at(index: number): T {
    return this.#ring[(this.#head + index) & (this.#ring.length - 1)] as T;
  }

  push(item: T): void {
    if (this.#size === this.#ring.length) this.#resize(this.#size * 2);
    this.#ring[(this.#head + this.#size) & (this.#ring.length - 1)] = item;
    this.#size += 1;
  }

  shift(): T | undefined {
    if (this.#size === 0) return undefined;
    const item = this.#ring[this.#head];
    this.#ring[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#ring.length - 1);
    this.#size -= 1;
    // A backlog that is gone gives its memory back.
    if (this.#size === 0 && this.#ring.length > 1_024) this.#resize(smallest);
    return item;
  }

  /** Puts `item` where `before(item, other)` first holds, looked for from the front. */
  insert(item: T, before: (item: T, other: T) => boolean): void {
    if (this.#size === this.#ring.length) this.#resize(this.#size * 2);
    const mask = this.#ring.length - 1;
    this.#head = (this.#head - 1) & mask;
    this.#size += 1;
    let index = 0;
    while (index + 1 < this.#size && !before(item, this.at(index + 1))) {
      this.#ring[(this.#head + index) & mask] = this.at(index + 1);
      index += 1;
    }
    this.#ring[(this.#head + index) & mask] = item;
  }

  /** Takes out every item for which `matches` holds, and returns them in order. */
  removeAll(matches: (item: T) => boolean): T[] {
    const items = [...this];
    const removed = items.filter(matches);
    if (removed.length > 0) this.#fill(items.filter((item) => !matches(item)));
    return removed;
  }

  *[Symbol.iterator](): Generator<T, void, undefined> {
    for (let index = 0; index < this.#size; index += 1) yield this.at(index);
  }

  #resize(capacity: number): void {
    const items = [...this];
    this.#ring = Array.from({ length: capacity });
    this.#head = 0;
    for (let index = 0; index < items.length; index += 1) this.#ring[index] = items[index];
  }

  #fill(items: readonly T[]): void {
    this.#ring.fill(undefined);
    this.#head = 0;
    this.#size = items.length;
    for (let index = 0; index < items.length; index += 1) this.#ring[index] = items[index];
  }
}
