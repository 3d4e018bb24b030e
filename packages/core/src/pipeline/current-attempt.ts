import { AsyncLocalStorage } from 'node:async_hooks';
import type { BusbarError } from '../errors.ts';
import type { SendingScope } from './batch-sender.ts';
import { Sending } from './sending.ts';

/**
 * The attempt or session around the running code, if any. It is how the endpoint's own `send` knows that it was called
 * inside a handler or session, where the message would leave although that fails.
 */
export const currentAttempt = new AsyncLocalStorage<SendingScope>();

/** Whether the running code belongs to an attempt or session that is not over yet. */
export function insideHandler(): boolean {
  const attempt = currentAttempt.getStore();
  return attempt !== undefined && !attempt.ended;
}

/** Runs a hook of the endpoint, which belongs to no attempt even if one caused it. */
export function outsideHandlers<T>(action: () => T): T {
  return currentAttempt.exit(action);
}

/**
 * The answer to a call that has no place inside a handler. It belongs to the attempt: where the handler does not look at
 * it, it fails the attempt rather than the process.
 */
export function refuseInHandler(error: BusbarError): Promise<void> {
  const refusal = new Sending((_resolve, reject) => {
    reject(error);
  });
  currentAttempt.getStore()?.sending.push(refusal);
  return refusal;
}
