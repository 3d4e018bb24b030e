const mostRemembered = 2_000;

/**
 * Remembers what was handled, so that a message which comes again, because it was not deleted in time, is deleted and
 * not handled again.
 */
export class HandledMessages {
  #young = new Set<string>();
  #old = new Set<string>();

  has(nativeId: string): boolean {
    return this.#young.has(nativeId) || this.#old.has(nativeId);
  }

  /** Of the last thousands none is forgotten. */
  add(nativeId: string): void {
    if (this.#young.size >= mostRemembered) {
      this.#old = this.#young;
      this.#young = new Set();
    }
    this.#young.add(nativeId);
  }
}
