const clearLine = '\r\u001B[K';
const plainEveryMs = 1_000;

/** What the user sees: on a terminal one line of progress that is written over, elsewhere a line now and then. */
export class Screen {
  readonly #terminal = process.stdout.isTTY;
  #progress = '';
  #printedAt = -Infinity;

  say(text: string): void {
    this.#clear();
    process.stdout.write(`${text}\n`);
    if (this.#terminal) process.stdout.write(this.#progress);
  }

  problem(text: string): void {
    this.#clear();
    process.stderr.write(`${text}\n`);
    if (this.#terminal) process.stdout.write(this.#progress);
  }

  progress(text: string): void {
    if (text === this.#progress) return;
    if (this.#terminal) {
      this.#progress = text;
      process.stdout.write(clearLine + text);
      return;
    }
    const now = performance.now();
    if (now - this.#printedAt < plainEveryMs) return;
    this.#printedAt = now;
    this.#progress = text;
    process.stdout.write(`${text}\n`);
  }

  /** The progress is over. */
  endProgress(): void {
    this.#clear();
    this.#progress = '';
  }

  #clear(): void {
    if (this.#terminal && this.#progress !== '') process.stdout.write(clearLine);
  }
}
