import { type Clock, type Logger, type Timer, asError } from '@busbar/core';

/** Who wants to know of trouble. */
export type TroubleListener = (error: Error) => void;

const firstPauseMs = 250;
const longestPauseMs = 10_000;
/** A disk with room for small messages and none for large ones fails again and again: humans are told once. */
const msBetweenAlarms = 60_000;

/** Whether the file can be used at the moment, and when to try again. Receivers pause meanwhile, with growing back-off. */
export class Trouble {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #file: string;
  readonly #tryAgain: () => void;
  readonly #listeners = new Set<TroubleListener>();
  #problem: string | undefined;
  #pause: Timer | undefined;
  #pauseMs = 0;
  #endedAt = -Infinity;
  #lastAlarm = -Infinity;

  /** @param tryAgain Called after each pause; it ends in {@link Trouble.begin} or {@link Trouble.end}. */
  constructor(clock: Clock, logger: Logger, file: string, tryAgain: () => void) {
    this.#clock = clock;
    this.#logger = logger;
    this.#file = file;
    this.#tryAgain = tryAgain;
  }

  /** What is wrong, while something is. */
  get problem(): string | undefined {
    return this.#problem;
  }

  get pausing(): boolean {
    return this.#pause !== undefined;
  }

  listen(listener: TroubleListener): void {
    this.#listeners.add(listener);
  }

  unlisten(listener: TroubleListener): void {
    this.#listeners.delete(listener);
  }

  begin(error: Error): void {
    const now = this.#clock.monotonic();
    if (this.#problem === undefined && now - this.#endedAt > longestPauseMs) this.#pauseMs = 0;
    if (this.#pause === undefined) {
      this.#pauseMs = Math.min(longestPauseMs, Math.max(firstPauseMs, this.#pauseMs * 2));
      this.#pause = this.#clock.setTimer(() => {
        this.#pause = undefined;
        this.#tryAgain();
      }, this.#pauseMs);
    }
    if (this.#problem === error.message) return;
    this.#problem = error.message;
    if (now - this.#lastAlarm < msBetweenAlarms) return;
    this.#lastAlarm = now;
    this.#logger.error({ err: error, file: this.#file }, 'The SQLite file cannot be used');
    for (const listener of this.#listeners) this.#tell(listener, error);
  }

  /** True when there was trouble. */
  end(): boolean {
    if (this.#problem === undefined) return false;
    this.#problem = undefined;
    this.#endedAt = this.#clock.monotonic();
    this.close();
    this.#logger.info({ file: this.#file }, 'The SQLite file can be used again');
    return true;
  }

  close(): void {
    this.#pause?.cancel();
    this.#pause = undefined;
  }

  #tell(listener: TroubleListener, error: Error): void {
    try {
      listener(error);
    } catch (thrown) {
      this.#logger.error({ err: asError(thrown) }, 'The hook for critical errors threw');
    }
  }
}
