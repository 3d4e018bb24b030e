import { type Clock, pause } from './clock.ts';

/** Resolves when `work` has ended, well or badly, or when `signal` fires. */
export function untilAborted(work: Promise<unknown>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      signal.removeEventListener('abort', end);
      resolve();
    };
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
    work.then(end, end);
  });
}

/** How long a stop whose deadline has passed still waits. */
const graceMs = 1_000;

/**
 * Resolves as {@link untilAborted} does, but gives work whose signal has fired a second more: that of a stop which only
 * waits for the last answer of its broker.
 */
export async function withGrace(
  work: Promise<unknown>,
  signal: AbortSignal,
  clock: Clock,
): Promise<void> {
  await untilAborted(work, signal);
  if (!signal.aborted) return;
  const ended = new AbortController();
  await Promise.race([untilAborted(work, ended.signal), pause(clock, graceMs, ended.signal)]);
  ended.abort();
}
