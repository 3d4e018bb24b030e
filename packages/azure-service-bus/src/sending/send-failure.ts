import type { DispatchResult } from '@busbar/core';
import { kindOf, textOf } from '../connection/service-failure.ts';

/** What becomes of messages whose send failed. */
export type SendFailure =
  | DispatchResult
  /** Something is wrong with one of them: each is sent alone to find out with which. */
  | 'one-of-them'
  /** The entity does not exist. */
  | 'missing';

/**
 * @param together how many were in the batch
 * @param where for the reason, such as `the queue "sales"`
 */
export function judgeSend(thrown: unknown, together: number, where: string): SendFailure {
  const text = textOf(thrown);
  switch (kindOf(thrown)) {
    case 'missing':
      return 'missing';
    case 'too-large':
      return together > 1
        ? 'one-of-them'
        : { outcome: 'undeliverable', reason: `The message is too large for ${where}: ${text}` };
    // A credential that has run out, a full queue, a service that is busy: nothing was stored, but later it may be.
    case 'unauthorized':
    case 'refused':
      return {
        outcome: 'unknown',
        reason: `Azure Service Bus did not take it for ${where}: ${text}`,
      };
    case 'unanswered':
    case 'lost':
    case 'other':
      break;
  }
  if (isRefusedForGood(thrown)) {
    return together > 1
      ? 'one-of-them'
      : { outcome: 'undeliverable', reason: `Azure Service Bus refuses it for ${where}: ${text}` };
  }
  return {
    outcome: 'unknown',
    reason: `Azure Service Bus did not confirm it for ${where}: ${text}`,
  };
}

const finalConditions =
  /amqp:not-allowed|amqp:not-implemented|amqp:decode-error|amqp:invalid-field|com\.microsoft:argument|ArgumentError|ArgumentOutOfRangeError|OperationNotAllowed|InvalidOperationError/;

/** The SDK puts what it has no name for before the text of a general error; its own checks throw plain errors. */
function isRefusedForGood(thrown: unknown): boolean {
  if (thrown instanceof TypeError) return true;
  const { condition, message } = (thrown ?? {}) as {
    readonly condition?: unknown;
    readonly message?: unknown;
  };
  return finalConditions.test(`${String(condition)} ${String(message)}`);
}
