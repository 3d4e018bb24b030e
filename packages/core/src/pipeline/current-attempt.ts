import { AsyncLocalStorage } from 'node:async_hooks';
import type { IncomingContext } from './incoming-context.ts';

/**
 * The attempt around the running code, if any. It is how the endpoint's own `send` knows that it was called inside a
 * handler, where the message would leave although the handler fails.
 */
export const currentAttempt = new AsyncLocalStorage<IncomingContext>();

/** Whether the running code belongs to an attempt that is not over yet. */
export function insideHandler(): boolean {
  const attempt = currentAttempt.getStore();
  return attempt !== undefined && !attempt.ended;
}
