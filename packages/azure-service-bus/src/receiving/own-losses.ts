/** More would be more than anybody holds. */
const most = 10_000;

/** Messages whose lock ended while this process lives: that they come again says nothing about them. */
export class OwnLosses {
  readonly #ids = new Set<string>();

  note(nativeId: string): void {
    this.#ids.delete(nativeId);
    this.#ids.add(nativeId);
    if (this.#ids.size <= most) return;
    const [oldest] = this.#ids;
    if (oldest !== undefined) this.#ids.delete(oldest);
  }

  has(nativeId: string): boolean {
    return this.#ids.has(nativeId);
  }

  forget(nativeId: string): void {
    if (this.#ids.size > 0) this.#ids.delete(nativeId);
  }
}
