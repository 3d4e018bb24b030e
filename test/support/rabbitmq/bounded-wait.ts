import { setTimeout as sleep } from 'node:timers/promises';

/** The promise's outcome, or an error that says what did not happen in time. */
export async function within<T>(
  limitMs: number,
  what: string | (() => string),
  promise: Promise<T>,
): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    reject(new Error(`Not within ${limitMs} ms: ${typeof what === 'string' ? what : what()}`));
  }, limitMs);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** For what gives no signal, such as a port of another process: asks again and again, and not for ever. */
export async function until(
  limitMs: number,
  what: string,
  holds: () => boolean | Promise<boolean>,
): Promise<void> {
  const end = performance.now() + limitMs;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`Not within ${limitMs} ms: ${what}`);
    await sleep(15);
  }
}
