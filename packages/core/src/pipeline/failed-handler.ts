const handlers = new WeakMap<Error, string>();

/** Remembers which handler threw the error, for the error queue and the log. */
export function noteFailedHandler(error: Error, handler: string): void {
  handlers.set(error, handler);
}

/** The handler that threw the error, if it was one. */
export function failedHandlerOf(error: Error): string | undefined {
  return handlers.get(error);
}
