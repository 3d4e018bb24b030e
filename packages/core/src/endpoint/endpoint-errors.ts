import { BusbarError } from '../errors.ts';
import type { Intent } from '../headers.ts';
import { definitionOf } from '../message/message-definition.ts';

export function outsideContext(intent: Intent, message: object): BusbarError {
  const method = intent === 'publish' ? 'publish' : 'send';
  const { name } = definitionOf(message);
  return new BusbarError(
    'SEND_OUTSIDE_CONTEXT',
    `endpoint.${method}() was called with ${name} inside a handler.`,
    {
      help: `Use context.${method}(), so that the message leaves only if the handler succeeds; { dispatch: 'immediate' } sends now all the same.`,
      details: { messageType: name },
    },
  );
}

export function sessionInHandler(endpoint: string): BusbarError {
  return new BusbarError(
    'SESSION_IN_HANDLER',
    `A transactional session of endpoint "${endpoint}" was begun inside a handler or session.`,
    { details: { endpoint } },
  );
}

export function requestInHandler(message: object): BusbarError {
  const { name } = definitionOf(message);
  return new BusbarError(
    'REQUEST_IN_HANDLER',
    `endpoint.request() was called with ${name} inside a handler.`,
    {
      details: { messageType: name },
    },
  );
}

export function throwIfAborted(messageType: string, signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return;
  throw new BusbarError(
    'REQUEST_ABORTED',
    `The request ${messageType} was aborted before it was sent.`,
    { cause: signal.reason, details: { messageType } },
  );
}

export function stopInHandler(endpoint: string): BusbarError {
  return new BusbarError(
    'STOP_IN_HANDLER',
    `endpoint.stop() of "${endpoint}" was called inside a handler.`,
    { details: { endpoint } },
  );
}

/** The error of a method that needs a queue of the endpoint's own. */
export function sendOnlyError(endpoint: string, method: string): BusbarError {
  return new BusbarError(
    'SEND_ONLY',
    `Endpoint "${endpoint}" is send-only, so it has no queue for ${method}().`,
    { help: 'Remove `sendOnly: true`.', details: { endpoint } },
  );
}
