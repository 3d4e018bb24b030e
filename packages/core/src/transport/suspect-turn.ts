import type { Clock, Timer } from '../time/clock.ts';
import type { AloneClaim, AloneGate } from './alone-gate.ts';

/** For how long the process begins nothing because a suspect waits for what runs. */
const patienceMs = 10_000;

/** The turn of a pump's suspect to be alone in the process: asked for, waited for with an end, had, given up. */
export class SuspectTurn {
  readonly #gate: AloneGate;
  readonly #clock: Clock;
  #claim: AloneClaim | undefined;
  #timer: Timer | undefined;

  constructor(gate: AloneGate, clock: Clock) {
    this.#gate = gate;
    this.#clock = clock;
  }

  /** It was asked for and has not ended. */
  get waiting(): boolean {
    return this.#claim !== undefined;
  }

  /**
   * @param begin Called when nothing else runs in the process, and nothing will until {@link SuspectTurn.end}.
   * @param giveUp Called instead when that took too long: an attempt that never ends must not stop the whole process.
   */
  ask(begin: () => void, giveUp: (reason: string) => void): void {
    const claim: AloneClaim = this.#gate.claim(() => {
      this.#timer?.cancel();
      begin();
    });
    this.#claim = claim;
    if (claim.granted) return;
    this.#timer = this.#clock.setTimer(() => {
      giveUp(
        'a suspect message could not be alone, since other messages of the process are handled for long',
      );
      this.end();
    }, patienceMs);
  }

  end(): void {
    const claim = this.#claim;
    this.#claim = undefined;
    this.#timer?.cancel();
    if (claim !== undefined) this.#gate.withdraw(claim);
  }
}
