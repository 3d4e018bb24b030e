import type { OrderBook } from './order-book.ts';

/** Why no more was waited for. */
export type Verdict = 'silence' | 'interrupted' | 'service down';

const lookEveryMs = 50;

/** Waits for the moment when waiting longer makes no sense. */
export class Vigil implements Disposable {
  readonly #over = Promise.withResolvers<Verdict>();
  readonly #timer: NodeJS.Timeout;
  #interrupted = false;

  constructor(book: OrderBook, patienceMs: number) {
    let heard = book.reports;
    let silentMs = 0;
    let lookedAt = performance.now();
    this.#timer = setInterval(() => {
      const now = performance.now();
      // While this process itself stood still, nobody could be heard.
      silentMs += Math.min(now - lookedAt, 4 * lookEveryMs);
      lookedAt = now;
      if (heard !== book.reports) silentMs = 0;
      heard = book.reports;
      if (silentMs > patienceMs) this.end('silence');
    }, lookEveryMs);
    process.on('SIGINT', this.#interrupt);
    process.on('SIGTERM', this.#interrupt);
  }

  get over(): Promise<Verdict> {
    return this.#over.promise;
  }

  /** From now on silence is no reason to end: nothing is missing. */
  bearSilence(): void {
    clearInterval(this.#timer);
  }

  end(verdict: Verdict): void {
    clearInterval(this.#timer);
    this.#over.resolve(verdict);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    process.off('SIGINT', this.#interrupt);
    process.off('SIGTERM', this.#interrupt);
  }

  /** The second time somebody means it; the services end when this process does. */
  readonly #interrupt = (): void => {
    if (this.#interrupted) process.exit(130);
    this.#interrupted = true;
    this.end('interrupted');
  };
}
