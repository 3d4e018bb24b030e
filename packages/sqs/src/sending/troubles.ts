import type { Clock } from '@busbar/core';

/** Who keeps trying tells of it more often than that; whoever is silent so long tries no more. */
const staleMs = 60_000;

interface Trouble {
  readonly reason: string;
  readonly until: number;
}

/** What keeps messages from their destinations now. */
export class Troubles {
  readonly #clock: Clock;
  readonly #byDestination = new Map<string, Trouble>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param reason Undefined once a call to the destination succeeded */
  note(destination: string, reason: string | undefined): void {
    if (reason === undefined) {
      this.#byDestination.delete(destination);
      return;
    }
    // Behind the others.
    this.#byDestination.delete(destination);
    this.#byDestination.set(destination, { reason, until: this.#clock.monotonic() + staleMs });
  }

  /** The latest that lasts, and how many others do. */
  get problem(): string | undefined {
    const now = this.#clock.monotonic();
    for (const [destination, { until }] of this.#byDestination) {
      if (until <= now) this.#byDestination.delete(destination);
    }
    const reason = [...this.#byDestination.values()].at(-1)?.reason;
    const others = this.#byDestination.size - 1;
    return others > 0 ? `${reason} So it is with ${others} more.` : reason;
  }
}
