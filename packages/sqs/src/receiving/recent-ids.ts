const mostRemembered = 2_000;

/** Native ids of messages that something happened to. */
export class RecentIds {
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
