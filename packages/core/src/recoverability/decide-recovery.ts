import { BusbarError } from '../errors.ts';
import type { ErrorCode } from '../errors.ts';
import type { Headers } from '../headers.ts';
import type { DelayedRetries } from './delays.ts';
import { RetryAt } from './retry-at.ts';

/** What is known of a failed attempt when it is decided about. */
export interface Failure {
  readonly messageId: string;
  readonly headers: Headers;
  readonly error: Error;
  /** Failed attempts of this delivery, this one included: 1 after the first failure. */
  readonly immediateFailures: number;
  /** Delayed retries done before this delivery. */
  readonly delayedAttempts: number;
  /** The handler that threw; undefined when the message failed before or after its handlers. */
  readonly handler?: string | undefined;
  /** Wall-clock milliseconds. */
  readonly now: number;
  /** A number from 0 up to 1, for the jitter of delays, so that a policy needs no chance of its own. */
  readonly random: number;
}

/** What is to be done with a failed message. */
export type RecoveryAction =
  /** Again now, on the delivery still held. */
  | { readonly action: 'immediate' }
  /** A copy later; counts as a delayed attempt. */
  | { readonly action: 'delayed'; readonly delayMs: number }
  /** A copy at a given moment; counts against no limit. */
  | { readonly action: 'retry-at'; readonly at: number }
  /** To the error queue, or to another one. */
  | { readonly action: 'error'; readonly queue?: string }
  /** Drops the message; logged and counted. */
  | { readonly action: 'discard'; readonly reason: string };

/** A class of errors, abstract ones included. */
export type ErrorClass = abstract new (...parameters: never[]) => Error;

/** The settings that the default policy decides by. */
export interface RecoverySettings {
  readonly immediate: number;
  readonly delayed: DelayedRetries;
  readonly unrecoverable: readonly ErrorClass[];
}

/** Decides about one failure. Must be free of side effects. */
export type RecoveryPolicy = (failure: Failure, settings: RecoverySettings) => RecoveryAction;

/** The same bytes fail the same way: trying again helps nobody. */
const hopeless: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'UNDECODABLE',
  'MESSAGE_INVALID',
  'CRASH_LOOP',
  'MISSING_CLAIM_CHECK',
  'SAGA_CORRELATION_MISSING',
]);

/** A deployment may be on its way, so only time can help: delayed retries, no immediate ones. */
const perhapsLater: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'UNKNOWN_MESSAGE_TYPE',
  'NO_HANDLER',
  'SAGA_STATE_INVALID',
]);

/** The default policy: immediate retries, then delayed ones, then the error queue. */
export function decideRecovery(failure: Failure, settings: RecoverySettings): RecoveryAction {
  const { error } = failure;
  if (error instanceof RetryAt)
    return { action: 'retry-at', at: Math.max(failure.now, error.at.getTime()) };
  // What a handler throws is its own affair: that it tried to send something invalid may pass.
  const code =
    failure.handler === undefined && error instanceof BusbarError ? error.code : undefined;
  if (code !== undefined && hopeless.has(code)) return { action: 'error' };
  if (settings.unrecoverable.some((type) => error instanceof type)) return { action: 'error' };
  const onlyLater = code !== undefined && perhapsLater.has(code);
  if (!onlyLater && failure.immediateFailures <= settings.immediate) return { action: 'immediate' };
  if (failure.delayedAttempts < settings.delayed.attempts) {
    const delayMs = settings.delayed.delayMs(failure.delayedAttempts + 1, failure.random);
    return { action: 'delayed', delayMs };
  }
  return { action: 'error' };
}

/** Whether a policy, which the compiler may not have checked, gave something that can be carried out. */
export function isRecoveryAction(value: unknown): value is RecoveryAction {
  if (typeof value !== 'object' || value === null) return false;
  const { action, delayMs, at, queue } = value as Partial<Record<string, unknown>>;
  switch (action) {
    case 'immediate':
    case 'discard':
      return true;
    case 'delayed':
      return typeof delayMs === 'number' && Number.isFinite(delayMs) && delayMs >= 0;
    case 'retry-at':
      return typeof at === 'number' && Number.isFinite(at);
    case 'error':
      return queue === undefined || (typeof queue === 'string' && queue !== '');
    default:
      return false;
  }
}
