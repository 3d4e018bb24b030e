/** Gathers items into calls of ten; none waits longer than the window for others. */
export class Tens<T> {
  readonly #windowMs: number;
  readonly #call: (batch: readonly T[]) => Promise<void>;
  readonly #underWay = new Set<Promise<void>>();
  #pending: T[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(windowMs: number, call: (batch: readonly T[]) => Promise<void>) {
    this.#windowMs = windowMs;
    this.#call = call;
  }

  add(item: T): void {
    this.#pending.push(item);
    if (this.#pending.length >= 10) this.#send();
    else this.#timer ??= setTimeout(() => this.#send(), this.#windowMs);
  }

  async flush(): Promise<void> {
    if (this.#pending.length > 0) this.#send();
    await Promise.all(this.#underWay);
  }

  #send(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const call = this.#call(this.#pending.splice(0, 10));
    this.#underWay.add(call);
    void call.finally(() => this.#underWay.delete(call));
  }
}
