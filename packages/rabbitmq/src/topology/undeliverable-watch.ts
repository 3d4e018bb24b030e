import type { Clock, Timer } from '@busbar/core';
import { undeliverableName } from './names.ts';
import type { Topology } from './topology.ts';

const everyMs = 30_000;

/** Looks, now and then, whether messages lie where those go that have no queue any more: nobody receives from there. */
export class UndeliverableWatch {
  readonly #topology: Topology;
  readonly #clock: Clock;
  #timer: Timer | undefined;
  #waiting = 0;
  #ended = false;

  constructor(topology: Topology, clock: Clock) {
    this.#topology = topology;
    this.#clock = clock;
    this.#lookLater();
  }

  /** What health says of it. */
  get problem(): string | undefined {
    if (this.#waiting === 0) return undefined;
    return `${this.#waiting} messages lie in ${undeliverableName}, because their queue is gone, or was made anew and not bound to the delays.`;
  }

  end(): void {
    this.#ended = true;
    this.#timer?.cancel();
  }

  #lookLater(): void {
    if (this.#ended) return;
    this.#timer = this.#clock.setTimer(() => {
      this.#look().then(
        () => this.#lookLater(),
        // The broker is away, and health says so; or the user may not look.
        () => this.#lookLater(),
      );
    }, everyMs);
  }

  async #look(): Promise<void> {
    const waiting = (await this.#topology.declarations.waiting(undeliverableName)) ?? 0;
    // A queue that somebody made anew is bound to the delays again before the next delayed message to it.
    if (waiting > this.#waiting) this.#topology.forget();
    this.#waiting = waiting;
  }
}
