/** Keeps items of one key apart: the first of a key goes ahead, those behind it wait here for their turn. */
export class Lanes<T> {
  /** A key is here while its first item goes on; an array exists once somebody waits. */
  readonly #lanes = new Map<string, T[] | undefined>();
  #waiting = 0;

  /** How many wait, over all keys. */
  get waiting(): number {
    return this.#waiting;
  }

  /** True when `item` may go ahead now; else it waits and comes out of {@link Lanes.leave}. */
  enter(key: string, item: T): boolean {
    if (!this.#lanes.has(key)) {
      this.#lanes.set(key, undefined);
      return true;
    }
    const lane = this.#lanes.get(key);
    if (lane === undefined) this.#lanes.set(key, [item]);
    else lane.push(item);
    this.#waiting += 1;
    return false;
  }

  /** Whether an item of this key would go ahead, or be the next after the one that goes on. */
  takes(key: string): boolean {
    return (this.#lanes.get(key)?.length ?? 0) === 0;
  }

  /** The key behind which the most wait. */
  get longest(): string | undefined {
    let longest: string | undefined;
    let most = 0;
    for (const [key, lane] of this.#lanes) {
      if (lane === undefined || lane.length <= most) continue;
      longest = key;
      most = lane.length;
    }
    return longest;
  }

  /** Takes out those that wait behind the first item of a key, which stays taken until it leaves. */
  takeBehind(key: string): T[] {
    const behind = this.#lanes.get(key)?.splice(0) ?? [];
    this.#waiting -= behind.length;
    return behind;
  }

  /** The key's first item has ended. Returns the one that is first now. */
  leave(key: string): T | undefined {
    const next = this.#lanes.get(key)?.shift();
    if (next === undefined) this.#lanes.delete(key);
    else this.#waiting -= 1;
    return next;
  }

  /** Takes out all that wait. A key whose first item goes on stays taken until it leaves. */
  drain(): T[] {
    const waiting: T[] = [];
    for (const lane of this.#lanes.values()) {
      if (lane !== undefined) waiting.push(...lane.splice(0));
    }
    this.#waiting = 0;
    return waiting;
  }
}
