import { type Clock, pause } from '../time/clock.ts';

/** Resolves with `promise` or, earlier, when `signal` fires. */
export function untilAborted(promise: Promise<unknown>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      signal.removeEventListener('abort', end);
      resolve();
    };
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
    promise.then(end, reject);
  });
}

/** How long a stop whose deadline has passed still waits for the broker to take messages back. */
const graceMs = 1_000;

/** Resolves with `given`, or when the grace is over. */
export async function withinGrace(given: Promise<unknown>, clock: Clock): Promise<void> {
  const done = new AbortController();
  await Promise.race([given, pause(clock, graceMs, done.signal)]);
  done.abort();
}
