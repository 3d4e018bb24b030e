import type { Clock, Logger, Timer } from '@busbar/core';
import { isAbort, kindOf, textOf } from '../connection/service-failure.ts';

/** Something that the service has locked for us for a while: a message, or a session with all its messages. */
export interface Lock {
  /** Wall-clock time of the service; read when it is first kept. */
  readonly lockedUntil: Date | undefined;
  /** True once nobody has to renew it any more. */
  readonly over: boolean;
  /** True once it cannot be renewed any more, since what it hangs on was closed. */
  readonly gone?: boolean;
  /** Resolves to the new end. */
  renew(): Promise<Date>;
  /** It is somebody else's now, or may be. */
  lose(reason: string): void;
}

interface Kept {
  renewAt: number;
  endsAt: number;
  /** No other try begins before. */
  nextTryAt: number;
}

/** A lock is never shorter, whatever the clocks say; nor is it looked at more often than a tenth of that. */
const shortestMs = 1_000;
/** No other try begins for at least so long. */
const leastPauseMs = 1_000;
const leastLookMs = 100;
/** How often it looks for closed sessions within the length of a lock, and after what time at the latest. */
const looks = 8;
const mostSeldomMs = 1_000;
/** What differs by less may be the time that a message took. */
const tellBelow = 0.9;

/**
 * Renews what is held until it is settled. How long a lock lasts counts, by this machine's monotonic clock: the clocks of the
 * service and of this machine need not agree. What they seem to tell may only have it renewed sooner, which costs a request;
 * when a lock has ended is taken from what the queue is set to.
 */
export class LockKeeper {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #queue: string;
  readonly #kept = new Map<Lock, Kept>();
  #lockDurationMs: number;
  #timer: Timer | undefined;
  #dueAt = Number.POSITIVE_INFINITY;

  constructor(clock: Clock, logger: Logger, queue: string, lockDurationMs: number) {
    this.#clock = clock;
    this.#logger = logger;
    this.#queue = queue;
    this.#lockDurationMs = lockDurationMs;
  }

  keep(lock: Lock): void {
    const kept = { renewAt: 0, endsAt: 0, nextTryAt: 0 };
    this.#plan(kept, lock.lockedUntil);
    this.#kept.set(lock, kept);
    this.#lookAt(this.#nextLook(lock, kept));
  }

  /**
   * A lock that began no earlier than when its message came into the queue, both by the clock of the service: so it lasts
   * no longer than that, whatever the settings say.
   */
  learn(lastsAtMostMs: number): void {
    const atMostMs = Math.max(shortestMs, lastsAtMostMs);
    if (atMostMs >= this.#lockDurationMs) return;
    if (atMostMs < tellBelow * this.#lockDurationMs) {
      this.#logger.warn(
        { queue: this.#queue, lockDurationMs: this.#lockDurationMs, lastsMs: atMostMs },
        'The locks of a queue are shorter than the option `lockDurationMs`; they are renewed sooner',
      );
    }
    this.#lockDurationMs = atMostMs;
  }

  forget(lock: Lock): void {
    this.#kept.delete(lock);
  }

  /** Ends; whoever still holds something has given it back. */
  end(): void {
    this.#kept.clear();
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#dueAt = Number.POSITIVE_INFINITY;
  }

  #plan(kept: Kept, until: Date | undefined): void {
    const now = this.#clock.monotonic();
    const told = until === undefined ? this.#lockDurationMs : until.getTime() - this.#clock.now();
    const seems = Math.min(this.#lockDurationMs, Math.max(shortestMs, told));
    kept.renewAt = now + seems / 2;
    kept.endsAt = now + this.#lockDurationMs;
  }

  /** A session that was closed is found by looking, so that is done more often than renewing. */
  #nextLook({ gone }: Lock, { renewAt, nextTryAt, endsAt }: Kept): number {
    const due = Math.min(endsAt, Math.max(renewAt, nextTryAt));
    if (gone === undefined) return due;
    const seldomMs = Math.min(mostSeldomMs, this.#lockDurationMs / looks);
    return Math.min(due, this.#clock.monotonic() + seldomMs);
  }

  #lookAt(at: number): void {
    if (at >= this.#dueAt) return;
    this.#timer?.cancel();
    this.#dueAt = at;
    const delayMs = Math.max(leastLookMs, at - this.#clock.monotonic());
    this.#timer = this.#clock.setTimer(this.#look, delayMs);
  }

  readonly #look = (): void => {
    this.#timer = undefined;
    this.#dueAt = Number.POSITIVE_INFINITY;
    const now = this.#clock.monotonic();
    let next = Number.POSITIVE_INFINITY;
    for (const [lock, kept] of this.#kept) {
      if (lock.over) this.#kept.delete(lock);
      else if (lock.gone === true) this.#lost(lock, 'the service closed its session');
      else if (now >= kept.endsAt) this.#lost(lock, 'its lock could not be renewed in time');
      else {
        if (now >= kept.renewAt && now >= kept.nextTryAt) void this.#renew(lock, kept);
        next = Math.min(next, this.#nextLook(lock, kept));
      }
    }
    if (next < Number.POSITIVE_INFINITY) this.#lookAt(next);
  };

  async #renew(lock: Lock, kept: Kept): Promise<void> {
    // A try over a connection that was lost may get no answer for long, and the next one over a new one may.
    kept.nextTryAt = this.#clock.monotonic() + Math.max(leastPauseMs, this.#lockDurationMs / 4);
    try {
      const until = await lock.renew();
      this.#plan(kept, until);
      kept.nextTryAt = 0;
      if (this.#kept.has(lock)) this.#lookAt(this.#nextLook(lock, kept));
    } catch (error) {
      if (lock.over || !this.#kept.has(lock) || isAbort(error)) return;
      if (kindOf(error) === 'lost') this.#lost(lock, `its lock ended: ${textOf(error)}`);
      else this.#tryAgain(error);
    }
  }

  #tryAgain(error: unknown): void {
    this.#logger.debug(
      { queue: this.#queue, err: error instanceof Error ? error : undefined },
      'A lock was not renewed; it is tried again until it ends',
    );
  }

  #lost(lock: Lock, reason: string): void {
    this.#kept.delete(lock);
    lock.lose(reason);
  }
}
