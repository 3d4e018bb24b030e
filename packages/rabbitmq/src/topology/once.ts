/** More destinations than any endpoint has; beyond it they are made sure of again. */
const mostRemembered = 10_000;

/** Work that is done once for each key: those who ask at the same time share it, and what failed is done again. */
export class Once<T extends string | true> {
  readonly #done = new Map<string, T>();
  readonly #running = new Map<string, Promise<T>>();
  #generation = 0;

  /** Undefined until it is done. */
  result(key: string): T | undefined {
    return this.#done.get(key);
  }

  do(key: string, work: () => Promise<T>): Promise<T> {
    const done = this.#done.get(key);
    if (done !== undefined) return Promise.resolve(done);
    const others = this.#running.get(key);
    if (others !== undefined) return others;
    const generation = this.#generation;
    const running = work();
    this.#running.set(key, running);
    const end = (): void => void this.#running.delete(key);
    running.then((result) => {
      end();
      if (generation === this.#generation) this.#remember(key, result);
    }, end);
    return running;
  }

  /** Forgets what is done. What is under way is still shared, but will not be remembered. */
  forget(): void {
    this.#done.clear();
    this.#generation += 1;
  }

  #remember(key: string, result: T): void {
    if (this.#done.size >= mostRemembered) this.#done.clear();
    this.#done.set(key, result);
  }
}
