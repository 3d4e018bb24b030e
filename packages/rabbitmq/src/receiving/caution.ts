import type { Clock, Timer } from '@busbar/core';

/** A message that has not killed the process within this time is taken for harmless; most die at once. */
const survivedMs = 250;

/**
 * Whether messages are to come one at a time. After a crash the guilty one then comes alone, and the broker does not count
 * a start of its neighbours, who would be suspects themselves in the end.
 */
export class Caution {
  readonly #clock: Clock;
  readonly #over: () => void;
  #innocents = 0;
  #timer: Timer | undefined;

  /** @param over Called when it ends by the time that has passed. */
  constructor(clock: Clock, over: () => void) {
    this.#clock = clock;
    this.#over = over;
  }

  get on(): boolean {
    return this.#innocents > 0;
  }

  /** @param innocents How many have to be handled before it ends. */
  begin(innocents: number): void {
    this.#innocents = Math.max(this.#innocents, innocents);
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** One that is not suspect goes to its handler. */
  innocentCame(): void {
    if (!this.on) return;
    this.#timer ??= this.#clock.setTimer(() => {
      this.end();
      this.#over();
    }, survivedMs);
  }

  innocentHandled(): void {
    if (this.#innocents > 1) this.#innocents -= 1;
    else this.end();
  }

  end(): void {
    this.#innocents = 0;
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
