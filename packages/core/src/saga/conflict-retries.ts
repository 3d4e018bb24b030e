import type { EndpointServices } from '../endpoint/endpoint-services.ts';
import { BusbarError } from '../errors.ts';
import type { SagaChange } from '../persistence/stored-saga.ts';
import { failedHandlerOf } from '../pipeline/failed-handler.ts';
import { pause } from '../time/clock.ts';
import type { Delivery } from '../transport/delivery.ts';
import { untilAborted } from '../time/until-aborted.ts';

/** Then it is a failure like any other. */
const mostRetries = 20;
/** The longest pause grows with each retry up to this. */
const longestPauseMs = 50;

/** The attempts at one delivery, of which the next may be begun when one has failed. */
export interface RepeatableAttempt {
  readonly delivery: Delivery;
  run(): Promise<void>;
  /** Called before each further run. */
  renew(): void;
  /** What the run that has failed wanted to store. */
  changes(): readonly SagaChange[];
}

/** Runs an attempt again, at once, while it ends in a conflict over a saga, at most 20 times. */
export type RetryConflicts = (attempt: RepeatableAttempt) => Promise<void>;

/**
 * A conflict over a saga is no error: another message was faster, and this one is handled with what that one left. Those
 * that lost over one saga take turns in this process, so that they do not lose to each other; a pause of random length
 * keeps them apart from those of other processes.
 */
export function createConflictRetries(services: EndpointServices): RetryConflicts {
  const { clock, counts, logger } = services;
  /** By saga: ends when the last one that waits for it has had its turn. */
  const turns = new Map<string, Promise<void>>();

  const retry = async (attempt: RepeatableAttempt, first: BusbarError): Promise<void> => {
    const { delivery } = attempt;
    let conflict = first;
    for (let retries = 1; retries <= mostRetries; retries += 1) {
      if (retries > 1) {
        const longest = Math.min(2 ** retries, longestPauseMs);
        await pause(clock, Math.random() * longest, delivery.signal);
      }
      if (delivery.lost) break;
      counts.conflicts += 1;
      logger.debug({ ...conflict.details, retries }, 'A saga was changed by another message');
      attempt.renew();
      try {
        await attempt.run();
        return;
      } catch (error) {
        if (!isConflict(error)) throw error;
        conflict = error;
      }
    }
    throw conflict;
  };

  const retryInTurn = async (attempt: RepeatableAttempt, error: BusbarError): Promise<void> => {
    const [change] = attempt.changes();
    // A database may find a conflict over rows of the handlers' own: nothing tells whose turn that is.
    if (change === undefined) return retry(attempt, error);
    const key = keyOf(change);
    const before = turns.get(key);
    const { promise, resolve: end } = Promise.withResolvers<void>();
    turns.set(key, promise);
    try {
      if (before !== undefined) await untilAborted(before, attempt.delivery.signal);
      await retry(attempt, error);
    } finally {
      if (turns.get(key) === promise) turns.delete(key);
      end();
    }
  };

  return async (attempt) => {
    try {
      await attempt.run();
    } catch (error) {
      if (!isConflict(error)) throw error;
      await retryInTurn(attempt, error);
    }
  };
}

/** One that a handler threw is the handler's own. */
function isConflict(error: unknown): error is BusbarError {
  return (
    error instanceof BusbarError &&
    (error.code === 'SAGA_CONFLICT' || error.code === 'TRANSACTION_CONFLICT') &&
    failedHandlerOf(error) === undefined
  );
}

/** By its correlation where it has one: two that start have an id each. */
function keyOf({ saga: { type, id, correlation } }: SagaChange): string {
  return JSON.stringify([type, correlation ?? id, correlation === undefined]);
}
