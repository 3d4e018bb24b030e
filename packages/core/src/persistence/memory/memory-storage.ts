/**
 * The storage of the in-memory persistence: named values, seen and changed within one attempt, kept only if it commits.
 * Values are copied at the border, so that nothing is changed behind the transaction's back.
 */
export interface MemoryStorage {
  get(key: string): unknown;
  set(key: string, value: unknown): void;
  delete(key: string): void;
  keys(): readonly string[];
}

const deleted = Symbol('deleted');

/** The changes of one attempt over the committed values. */
export class MemoryTransaction implements MemoryStorage {
  readonly #committed: Map<string, unknown>;
  readonly #changes = new Map<string, unknown>();
  readonly #actions: (() => void)[] = [];

  constructor(committed: Map<string, unknown>) {
    this.#committed = committed;
  }

  get(key: string): unknown {
    const value = this.#changes.has(key) ? this.#changes.get(key) : this.#committed.get(key);
    return value === deleted ? undefined : structuredClone(value);
  }

  set(key: string, value: unknown): void {
    this.#changes.set(key, structuredClone(value));
  }

  delete(key: string): void {
    this.#changes.set(key, deleted);
  }

  keys(): readonly string[] {
    const keys = new Set(this.#committed.keys());
    for (const [key, value] of this.#changes) {
      if (value === deleted) keys.delete(key);
      else keys.add(key);
    }
    return [...keys];
  }

  /** Done together with {@link MemoryTransaction.apply}, or never. */
  onApply(action: () => void): void {
    this.#actions.push(action);
  }

  /** Puts the changes into the committed values. */
  apply(): void {
    for (const [key, value] of this.#changes) {
      if (value === deleted) this.#committed.delete(key);
      else this.#committed.set(key, value);
    }
    for (const action of this.#actions) action();
    this.end();
  }

  /** Drops what was not applied. */
  end(): void {
    this.#changes.clear();
    this.#actions.length = 0;
  }
}
