/** More than any receiver holds; a limit only for what never comes again. */
const mostRemembered = 10_000;

/**
 * What this process had and what came back because of it: given back, or lost with a channel. Its coming again says nothing
 * of a crash. The number is what the caller wants to know then.
 */
export class OwnReturns {
  readonly #numbers = new Map<string, number>();

  note(nativeId: string, number: number): void {
    // What is noted last is at the end.
    this.#numbers.delete(nativeId);
    this.#numbers.set(nativeId, number);
    if (this.#numbers.size <= mostRemembered) return;
    for (const oldest of this.#numbers.keys()) {
      this.#numbers.delete(oldest);
      return;
    }
  }

  get(nativeId: string): number | undefined {
    return this.#numbers.get(nativeId);
  }

  forget(nativeId: string): void {
    if (this.#numbers.size > 0) this.#numbers.delete(nativeId);
  }
}
