/**
 * Calls what the user hung in, and hands what it throws to `failed`. A function that may return nothing may be an
 * asynchronous one too, whose rejection nobody would see; it would end the process.
 */
export function guardedCall(call: () => unknown, failed: (error: unknown) => void): void {
  try {
    const result = call();
    if (result instanceof Promise) result.catch(failed);
  } catch (error) {
    failed(error);
  }
}
