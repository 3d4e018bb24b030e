import { headerNames } from '../headers.ts';
import type { OutboxRelay } from '../outbox/outbox-relay.ts';
import { currentAttempt } from '../pipeline/current-attempt.ts';
import { IncomingContext } from '../pipeline/incoming-context.ts';
import type { Outgoing } from '../pipeline/outgoing.ts';
import { createReceivePipeline } from '../pipeline/receive-stage.ts';
import type { RateLimiter } from '../recoverability/rate-limiter.ts';
import { parseCount } from '../recoverability/attempt-count.ts';
import { type RepeatableAttempt, createConflictRetries } from '../saga/conflict-retries.ts';
import type { DeliveryAttempt, OnMessage } from '../transport/delivery.ts';
import type { EndpointServices } from './endpoint-services.ts';
import { observeProcessing } from './observation.ts';

/** What a receiver calls for each attempt: the pipeline, with counting and observation around it. */
export function createMessageProcessor(
  services: EndpointServices,
  outgoing: Outgoing,
  limiter: RateLimiter | undefined,
  relay: OutboxRelay | undefined,
): OnMessage {
  const { clock, counts, logger, observe, observers } = services;
  const pipeline = createReceivePipeline(services, outgoing, relay);
  const processing = observeProcessing(observers, logger, pipeline);
  const retryConflicts = createConflictRetries(services);

  return async (attempt) => {
    const { delivery } = attempt;
    const probe = limiter?.active === true;
    if (probe) await limiter.admit(delivery.signal);
    const startedAt = clock.now();
    let context = new IncomingContext(attempt, startedAt);
    const attempts: RepeatableAttempt = {
      delivery,
      run: () => currentAttempt.run(context, processing, context),
      renew() {
        context.ended = true;
        // As fresh as the first: what the attempt before changed in it is gone.
        context = new IncomingContext({ ...attempt, headers: { ...delivery.headers } }, startedAt);
      },
      changes: () => context.sagas,
    };
    try {
      await retryConflicts(attempts);
    } catch (error) {
      counts.failed += 1;
      limiter?.failed(isFirstFailure(attempt), probe);
      observe?.({
        kind: 'failed',
        queue: delivery.queue,
        headers: delivery.headers,
        error: error as Error,
      });
      throw error;
    } finally {
      context.ended = true;
    }
    limiter?.succeeded();
    counts[context.outcome] += 1;
    if (context.outcome === 'expired') {
      logger.info(
        { messageId: context.messageId, queue: delivery.queue },
        'A message was dropped: its time to be received is over',
      );
    }
    if (observe !== undefined) {
      const { queue, headers } = delivery;
      const durationMs = clock.now() - startedAt;
      observe(
        context.outcome === 'handled'
          ? { kind: 'handled', queue, headers, durationMs }
          : { kind: context.outcome, queue, headers },
      );
    }
    return context.settled ? 'settled' : 'settle';
  };
}

/** A message that comes back after a delay has failed before. */
function isFirstFailure({ failures, delivery }: DeliveryAttempt): boolean {
  return failures === 0 && parseCount(delivery.headers[headerNames.delayedAttempts]) === 0;
}
