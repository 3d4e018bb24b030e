import type { EndpointServices } from '../endpoint/endpoint-services.ts';
import { BusbarError } from '../errors.ts';
import { type MutableHeaders, headerNames } from '../headers.ts';
import { compose } from '../pipeline/behavior.ts';
import { throwUnlessConfirmed } from '../pipeline/dispatch-stage.ts';
import { failedHandlerOf } from '../pipeline/failed-handler.ts';
import { messageIdOf } from '../pipeline/unwrap-stage.ts';
import type { RecoveryContext } from '../pipeline/stages.ts';
import type { Delivery, FailedAttempt, FailureDecision, OnError } from '../transport/delivery.ts';
import type { TransportOperation } from '../transport/operations.ts';
import { parseCount } from './attempt-count.ts';
import {
  type Failure,
  type RecoveryAction,
  decideRecovery,
  isRecoveryAction,
} from './decide-recovery.ts';
import { failureHeaders, headerBytes, nextCopy } from './failure-headers.ts';
import { NotAdmitted } from './rate-limiter.ts';

/** Delayed rounds that a message of a blocking lane spent in place, and the failures before the present one. */
interface RoundsInPlace {
  rounds: number;
  failuresBefore: number;
}

interface FailureContext extends RecoveryContext {
  readonly delivery: Delivery;
  readonly totalAttempts: number;
  decision: FailureDecision;
}

/**
 * The `recoverability` stage: decides about a failed attempt by the policy and carries the decision out. A copy (delayed
 * or in the error queue) is confirmed before the original is settled; where it cannot be confirmed this throws, and
 * the receiver keeps the message and pauses.
 */
export function createRecovery(services: EndpointServices): OnError {
  const { clock } = services;
  const inPlace = new WeakMap<Delivery, RoundsInPlace>();
  const performer = new RecoveryPerformer(services, inPlace);
  const step = compose('recoverability', services.behaviors, (context: FailureContext) =>
    performer.carryOut(context),
  );

  return async (failure) => {
    const { delivery, headers, error } = failure;
    if (error instanceof NotAdmitted) return { action: 'release' };
    // Every message would fail the same way, and none of them is at fault: the receiver keeps it and pauses.
    if (isOutage(error)) throw error;
    const rounds = inPlace.get(delivery);
    const delayedAttempts =
      parseCount(headers[headerNames.delayedAttempts]) + (rounds?.rounds ?? 0);
    const immediateFailures = failure.failures - (rounds?.failuresBefore ?? 0);
    const messageId = messageIdOf(services, delivery);
    const known = { messageId, headers, error, immediateFailures, delayedAttempts };
    const context: FailureContext = {
      ...known,
      delivery,
      queue: delivery.queue,
      body: delivery.body,
      action: performer.decide({
        ...known,
        handler: failedHandlerOf(error),
        now: clock.now(),
        random: Math.random(),
      }),
      extraHeaders: {},
      totalAttempts: totalAttempts(failure, services.recoverability.immediate),
      decision: { action: 'release' },
    };
    await step(context);
    return context.decision;
  };
}

function isOutage(error: Error): boolean {
  return error instanceof BusbarError && error.code === 'PERSISTENCE_UNAVAILABLE';
}

/** What is known of earlier rounds is their number; each is taken to have used all immediate retries. */
function totalAttempts({ failures, headers }: FailedAttempt, immediate: number): number {
  return parseCount(headers[headerNames.delayedAttempts]) * (immediate + 1) + failures;
}

class RecoveryPerformer {
  readonly #services: EndpointServices;
  readonly #inPlace: WeakMap<Delivery, RoundsInPlace>;

  constructor(services: EndpointServices, inPlace: WeakMap<Delivery, RoundsInPlace>) {
    this.#services = services;
    this.#inPlace = inPlace;
  }

  /** A policy that throws must not keep the message from its retries: the default decides then. */
  decide(failure: Failure): RecoveryAction {
    const { recoverability, logger } = this.#services;
    try {
      const action: unknown = recoverability.policy(failure, recoverability);
      if (isRecoveryAction(action)) return action;
      // A promise that a policy gave may reject, and nobody waits for it.
      if (action instanceof Promise) action.catch(() => {});
      logger.error(
        { messageId: failure.messageId, action },
        'The recoverability policy gave no recovery action; the default policy decides about this message',
      );
    } catch (error) {
      logger.error(
        { messageId: failure.messageId, err: error },
        'The recoverability policy threw; the default policy decides about this message',
      );
    }
    return decideRecovery(failure, recoverability);
  }

  async carryOut(context: FailureContext): Promise<void> {
    const { action } = context;
    switch (action.action) {
      case 'immediate':
        this.#log('info', context, 'A message failed and is tried again at once');
        this.#services.observe?.({
          kind: 'immediate-retry',
          queue: context.queue,
          headers: context.headers,
          attempt: context.immediateFailures,
        });
        context.decision = { action: 'retry' };
        return;
      case 'delayed':
        await this.#delay(context, action.delayMs, true);
        return;
      case 'retry-at':
        await this.#delay(context, Math.max(0, action.at - this.#services.clock.now()), false);
        return;
      case 'error':
        await this.#moveToError(context, action.queue ?? this.#services.errorQueue);
        return;
      case 'discard':
        this.#log('warn', context, `A failed message was discarded: ${action.reason}`);
        this.#services.counts.discarded += 1;
        this.#services.observe?.({
          kind: 'discarded',
          queue: context.queue,
          headers: context.headers,
          reason: action.reason,
        });
        context.decision = { action: 'settle' };
    }
  }

  async #delay(context: FailureContext, delayMs: number, counts: boolean): Promise<void> {
    const { clock, recoverability, capabilities } = this.#services;
    const partitionKey = context.headers[headerNames.partitionKey];
    if (recoverability.onLaneFailure === 'block' && partitionKey !== undefined) {
      this.#noteDelay(context, delayMs);
      this.#stayInPlace(context, counts);
      context.decision = { action: 'retry', afterMs: delayMs };
      return;
    }
    const deliverAt = clock.now() + Math.min(delayMs, capabilities.maxDelayMs);
    const headers: MutableHeaders = {
      ...context.headers,
      [headerNames.messageId]: context.messageId,
      [headerNames.copy]: nextCopy(context.headers),
      [headerNames.delayedAttempts]: String(context.delayedAttempts + (counts ? 1 : 0)),
      [headerNames.deliverAt]: new Date(deliverAt).toISOString(),
      ...context.extraHeaders,
    };
    if (headerBytes(headers) > capabilities.maxHeaderBytes) {
      // A foreign sender left no room for the count of retries, so there can be no delayed one.
      await this.#moveToError(context, this.#services.errorQueue);
      return;
    }
    this.#noteDelay(context, delayMs);
    context.decision = await this.#replaceBy(context.delivery, {
      message: { headers, body: context.body },
      destination: { kind: 'queue', queue: context.queue },
      deliverAt,
      ...(partitionKey !== undefined && { partitionKey }),
    });
  }

  #noteDelay(context: FailureContext, delayMs: number): void {
    const { queue, headers } = context;
    this.#log('warn', context, `A message failed and is tried again in ${delayMs} ms`);
    this.#services.counts.delayed += 1;
    this.#services.observe?.({ kind: 'delayed-retry', queue, headers, delayMs });
  }

  #stayInPlace(context: FailureContext, counts: boolean): void {
    const rounds = this.#inPlace.get(context.delivery) ?? { rounds: 0, failuresBefore: 0 };
    if (counts) rounds.rounds += 1;
    rounds.failuresBefore += context.immediateFailures;
    this.#inPlace.set(context.delivery, rounds);
  }

  async #moveToError(context: FailureContext, queue: string): Promise<void> {
    const { clock, endpoint, host, capabilities, observe } = this.#services;
    const { error } = context;
    const handler = failedHandlerOf(error);
    const received: MutableHeaders = { ...context.headers };
    // Those of an earlier failure, or of a sender that made them up: the present one may have neither.
    delete received[headerNames.failureCode];
    delete received[headerNames.failureHandler];
    const headers = failureHeaders(
      {
        ...received,
        [headerNames.messageId]: context.messageId,
        ...(handler !== undefined && { [headerNames.failureHandler]: handler }),
        ...context.extraHeaders,
      },
      {
        error,
        queue: context.queue,
        endpoint,
        host,
        failedAt: clock.now(),
        attempts: context.totalAttempts,
      },
      capabilities.maxHeaderBytes,
    );
    try {
      context.decision = await this.#replaceBy(context.delivery, {
        message: { headers, body: context.body },
        destination: { kind: 'queue', queue },
      });
    } catch (cause) {
      if (context.delivery.lost) throw cause;
      throw new BusbarError(
        'ERROR_QUEUE_UNAVAILABLE',
        `Message ${context.messageId} failed and could not be moved to the error queue "${queue}".`,
        { cause, details: { messageId: context.messageId, errorQueue: queue } },
      );
    }
    this.#log('error', context, `A message was moved to the error queue "${queue}"`);
    this.#services.counts.movedToError += 1;
    observe?.({ kind: 'moved-to-error', queue: context.queue, headers, error });
  }

  /** Stores the copy and settles the original, in one transaction where the transport can. */
  async #replaceBy(delivery: Delivery, copy: TransportOperation): Promise<FailureDecision> {
    const operations = [copy];
    if (delivery.settleWith !== undefined) {
      throwUnlessConfirmed(operations, await delivery.settleWith(operations));
      return { action: 'settled' };
    }
    throwUnlessConfirmed(operations, await this.#services.connection.dispatch(operations));
    return { action: 'settle' };
  }

  #log(level: 'info' | 'warn' | 'error', context: FailureContext, message: string): void {
    const { error, queue, messageId, headers, immediateFailures, delayedAttempts } = context;
    this.#services.logger[level](
      {
        messageId,
        messageType: headers[headerNames.enclosedTypes]?.split(';', 1)[0],
        queue,
        handler: failedHandlerOf(error),
        code: error instanceof BusbarError ? error.code : error.name,
        immediateFailures,
        delayedAttempts,
        err: error,
      },
      message,
    );
  }
}
