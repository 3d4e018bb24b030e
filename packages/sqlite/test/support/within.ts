/** Waits, but not beyond the limit; then it says what it waited for. */
export async function within<T>(
  promise: Promise<T>,
  what: string | (() => string),
  limitMs = 30_000,
): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const named = typeof what === 'string' ? what : what();
    late.reject(new Error(`waited ${limitMs} ms for ${named}`));
  }, limitMs);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Asks again and again, at each turn of the event loop and never more often than a millisecond apart. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string | (() => string),
  limitMs = 30_000,
): Promise<void> {
  const end = performance.now() + limitMs;
  while (!(await condition())) {
    if (performance.now() > end) {
      throw new Error(`waited ${limitMs} ms until ${typeof what === 'string' ? what : what()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
