import type { OrderBook } from './order-book.ts';

/** Why no more was waited for. */
export type Verdict = 'silence' | 'interrupted' | 'service down';

/** Waits for the moment when waiting longer makes no sense. */
export class Vigil implements Disposable {
  readonly #over = Promise.withResolvers<Verdict>();
  readonly #timer: NodeJS.Timeout;
  #interrupted = false;

  constructor(book: OrderBook, patienceMs: number) {
    this.#timer = setInterval(() => {
      if (book.silence > patienceMs) this.end('silence');
    }, 50);
    process.on('SIGINT', this.#interrupt);
    process.on('SIGTERM', this.#interrupt);
  }

  get over(): Promise<Verdict> {
    return this.#over.promise;
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
