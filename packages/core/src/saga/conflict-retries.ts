import type { EndpointServices } from '../endpoint/endpoint-services.ts';
import { BusbarError } from '../errors.ts';
import { failedHandlerOf } from '../pipeline/failed-handler.ts';
import { pause } from '../time/clock.ts';
import type { Delivery } from '../transport/delivery.ts';
import { untilAborted } from '../transport/until-aborted.ts';

/** Then it is a failure like any other. */
const mostRetries = 20;
/** The longest pause grows with each retry up to this. */
const longestPauseMs = 50;

/**
 * Calls `attempt` again, at once, while it ends in a conflict over a saga, at most 20 times. `renew` is called before
 * each further one.
 */
export type RetryConflicts = (
  attempt: () => Promise<void>,
  delivery: Delivery,
  renew: () => void,
) => Promise<void>;

/**
 * A conflict over a saga is no error: another message was faster, and this one is handled with what that one left. Those
 * that lost over one saga take turns in this process, so that they do not lose to each other; a pause of random length
 * keeps them apart from those of other processes.
 */
export function createConflictRetries(services: EndpointServices): RetryConflicts {
  const { clock, counts, logger } = services;
  /** By saga: ends when the last one that waits for it has had its turn. */
  const turns = new Map<string, Promise<void>>();

  const retry = async (
    attempt: () => Promise<void>,
    delivery: Delivery,
    renew: () => void,
    first: BusbarError,
  ): Promise<void> => {
    let conflict = first;
    for (let retries = 1; retries <= mostRetries; retries += 1) {
      if (retries > 1) {
        const longest = Math.min(2 ** retries, longestPauseMs);
        await pause(clock, Math.random() * longest, delivery.signal);
      }
      if (delivery.lost) break;
      counts.conflicts += 1;
      logger.debug({ ...conflict.details, retries }, 'A saga was changed by another message');
      renew();
      try {
        await attempt();
        return;
      } catch (error) {
        if (!isConflict(error)) throw error;
        conflict = error;
      }
    }
    throw conflict;
  };

  return async (attempt, delivery, renew) => {
    try {
      await attempt();
    } catch (error) {
      if (!isConflict(error)) throw error;
      const key = keyOf(error);
      const before = turns.get(key);
      const { promise, resolve: end } = Promise.withResolvers<void>();
      turns.set(key, promise);
      try {
        if (before !== undefined) await untilAborted(before, delivery.signal);
        await retry(attempt, delivery, renew, error);
      } finally {
        if (turns.get(key) === promise) turns.delete(key);
        end();
      }
    }
  };
}

/** One that a handler threw is the handler's own. */
function isConflict(error: unknown): error is BusbarError {
  return (
    error instanceof BusbarError &&
    error.code === 'SAGA_CONFLICT' &&
    failedHandlerOf(error) === undefined
  );
}

function keyOf({ details }: BusbarError): string {
  return JSON.stringify([details['saga'], details['correlation'] ?? details['sagaId']]);
}
