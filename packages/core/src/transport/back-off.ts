import type { Clock, Timer } from '../time/clock.ts';

const firstMs = 1_000;
const longestMs = 30_000;

/** A pause that doubles each time, from one second to thirty, until something works again. */
export class BackOff {
  readonly #clock: Clock;
  readonly #over: () => void;
  #timer: Timer | undefined;
  #ms = 0;
  #reason: string | undefined;

  /** @param over Called when a pause has passed, not when it was cancelled. */
  constructor(clock: Clock, over: () => void) {
    this.#clock = clock;
    this.#over = over;
  }

  /** Why it pauses; undefined while it does not. */
  get reason(): string | undefined {
    return this.#reason;
  }

  /** Begins a pause. Failures that arrive during it are part of the same trouble and do not lengthen it. */
  begin(reason: string): void {
    this.#reason = reason;
    if (this.#timer !== undefined) return;
    this.#ms = Math.min(longestMs, Math.max(firstMs, this.#ms * 2));
    this.#timer = this.#clock.setTimer(() => {
      this.#end();
      this.#over();
    }, this.#ms);
  }

  /** Something worked: the next pause is short again. One that lasts goes on. */
  calm(): void {
    this.#ms = 0;
  }

  /** Ends the pause and forgets what was before. */
  cancel(): void {
    this.#timer?.cancel();
    this.#end();
    this.#ms = 0;
  }

  #end(): void {
    this.#timer = undefined;
    this.#reason = undefined;
  }
}
