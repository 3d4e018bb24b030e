import { eachId } from './in-flight.ts';
import { Ledger } from './ledger.ts';
import type { Workload } from './scenario.ts';

/** Holds the first handlers until the queue is filled, so that nothing is handled before the clock runs. */
export class Gate {
  readonly #atOnce: number;
  #ledger = new Ledger(0, 0);
  #open = Promise.withResolvers<void>();
  #openings = 0;

  /** @param atOnce How many messages are sent at once to fill the queue. */
  constructor(atOnce: number) {
    this.#atOnce = atOnce;
  }

  get opened(): Promise<void> {
    return this.#open.promise;
  }

  /** The first run only warms up. */
  get warm(): boolean {
    return this.#openings > 1;
  }

  ended(id: number): void {
    this.#ledger.ended(id);
  }

  /** A handler that does nothing else. */
  async handle(id: number): Promise<void> {
    await this.#open.promise;
    this.#ledger.ended(id);
  }

  workload(send: (id: number) => Promise<void>, close: () => Promise<void>): Workload {
    return {
      prepare: async (ledger) => {
        this.#ledger = ledger;
        this.#open = Promise.withResolvers<void>();
        await eachId(ledger, this.#atOnce, async (id) => {
          ledger.started(id);
          await send(id);
        });
      },
      run: async (ledger) => {
        this.#openings += 1;
        this.#open.resolve();
        await ledger.all;
      },
      close,
    };
  }
}
