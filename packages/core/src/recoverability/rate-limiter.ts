import { type Clock, pause } from '../time/clock.ts';

/** Settings of the rate limit, resolved. */
export interface RateLimitSettings {
  /** Failures in a row, without one success between them, that start it. */
  readonly afterFailures: number;
  /** Milliseconds between two probes at first; doubles up to `longestPauseMs`. */
  readonly pauseMs: number;
  readonly longestPauseMs: number;
}

/** Why an attempt that waited for its turn never began: the endpoint stops, so the message goes back as it was. */
export class NotAdmitted extends Error {}

/**
 * Slows an endpoint down when everything fails: one message at a time, a pause before each, until a single one
 * succeeds. So an outage costs a few messages their retries, not all of them.
 */
export class RateLimiter {
  readonly #settings: RateLimitSettings;
  readonly #clock: Clock;
  readonly #changed: (active: boolean) => void;
  #failures = 0;
  #active = false;
  #pauseMs: number;
  #nextProbe = 0;
  readonly #closed = new AbortController();

  constructor(settings: RateLimitSettings, clock: Clock, changed: (active: boolean) => void) {
    this.#settings = settings;
    this.#clock = clock;
    this.#changed = changed;
    this.#pauseMs = settings.pauseMs;
  }

  get active(): boolean {
    return this.#active;
  }

  /**
   * Resolves when the next attempt may begin; at once while nothing is limited.
   *
   * @throws NotAdmitted when the limiter is closed meanwhile; rejects
   */
  async admit(signal: AbortSignal): Promise<void> {
    const ended = AbortSignal.any([signal, this.#closed.signal]);
    // Attempts that were under way when the limit began wait one behind the other.
    while (this.#active && !signal.aborted) {
      if (this.#closed.signal.aborted) throw new NotAdmitted('The endpoint stops.');
      const now = this.#clock.monotonic();
      const wait = this.#nextProbe - now;
      if (wait <= 0) {
        this.#nextProbe = now + this.#pauseMs;
        return;
      }
      await pause(this.#clock, wait, ended);
    }
  }

  /** Lets nobody wait any longer: those who do are not admitted. */
  close(): void {
    this.#closed.abort();
  }

  /**
   * @param first Whether it was the message's first failure: one message that is retried is not everything.
   * @param probe Whether it was admitted under the limit: what was under way when the limit began says nothing new.
   */
  failed(first: boolean, probe = true): void {
    if (first) this.#failures += 1;
    if (this.#active) {
      if (!probe) return;
      this.#pauseMs = Math.min(this.#settings.longestPauseMs, this.#pauseMs * 2);
      this.#nextProbe = this.#clock.monotonic() + this.#pauseMs;
      return;
    }
    if (this.#failures < this.#settings.afterFailures) return;
    this.#active = true;
    this.#nextProbe = this.#clock.monotonic() + this.#pauseMs;
    this.#changed(true);
  }

  succeeded(): void {
    this.#failures = 0;
    if (!this.#active) return;
    this.#active = false;
    this.#pauseMs = this.#settings.pauseMs;
    this.#changed(false);
  }
}
