/** A timer that was set and can be cancelled; cancelling twice, or after it fired, does nothing. */
export interface Timer {
  cancel(): void;
}

/**
 * All that the framework knows of time. Nothing in the core calls `Date.now()` or `setTimeout` directly, so that a
 * test can replace the clock and let three days pass in a millisecond.
 */
export interface Clock {
  /** Wall-clock time in milliseconds since 1970, UTC. May jump. */
  now(): number;
  /** Milliseconds from an arbitrary start that only ever grow; for measuring and for leases. */
  monotonic(): number;
  /**
   * Runs `action` once after `delayMs` milliseconds. Any finite length is honoured, also beyond the 24.8 days of
   * Node's own timers. A timer never keeps the process alive unless `keepAlive` is true.
   */
  setTimer(action: () => void, delayMs: number, keepAlive?: boolean): Timer;
}

/** Resolves after `delayMs` by `clock`; resolves early, never rejects, when `signal` fires. */
export function pause(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) {
      resolve();
      return;
    }
    const end = (): void => {
      timer.cancel();
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = clock.setTimer(end, delayMs, true);
    signal?.addEventListener('abort', end, { once: true });
  });
}
