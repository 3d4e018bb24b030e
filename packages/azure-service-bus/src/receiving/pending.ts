/** Counts what is under way, and tells when nothing is. */
export class Pending {
  #count = 0;
  #waiters: (() => void)[] = [];

  /** Something begins; call what is returned once, when it has ended. */
  begin(): () => void {
    this.#count += 1;
    return this.#end;
  }

  idle(): Promise<void> {
    if (this.#count === 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  readonly #end = (): void => {
    this.#count -= 1;
    if (this.#count === 0) for (const wake of this.#waiters.splice(0)) wake();
  };
}
