import { atLowRate } from './at-low-rate.ts';
import { Ledger, sharedNow } from './ledger.ts';
import type { Workload } from './scenario.ts';

/** Sends at a low rate; the handler tells how old each message is. */
export class Latencies {
  readonly #lowMs: number;
  #ledger = new Ledger(0, 0);
  #everyMs = 0;

  constructor(everyMs: number) {
    this.#lowMs = everyMs;
  }

  handled(id: number, sentAt: number): void {
    this.#ledger.ended(id, sentAt);
  }

  workload(
    send: (id: number, sentAt: number) => Promise<void>,
    close: () => Promise<void>,
  ): Workload {
    return {
      run: async (ledger) => {
        this.#ledger = ledger;
        await atLowRate(ledger, this.#everyMs, (id) => send(id, sharedNow()));
        await ledger.all;
        // The first run is for the compiler, which has to see the code often enough.
        this.#everyMs = this.#lowMs;
      },
      close,
    };
  }
}
