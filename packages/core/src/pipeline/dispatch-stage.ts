import type { EndpointServices } from '../endpoint/endpoint-services.ts';
import { BusbarError } from '../errors.ts';
import { headerNames } from '../headers.ts';
import type { Delivery } from '../transport/delivery.ts';
import type { DispatchResult, TransportOperation } from '../transport/operations.ts';
import { type Step, compose } from './behavior.ts';
import type { OutgoingBatch } from './stages.ts';

/** Stores operations in some other way than by a dispatch of their own, such as together with settling. */
export type StoreOperations = (
  operations: readonly TransportOperation[],
) => Promise<readonly DispatchResult[]>;

/** How a batch is dispatched. */
export interface DispatchHow {
  /** The delivery whose handling sent them: once it is lost nothing is dispatched. */
  readonly delivery?: Delivery;
  readonly through?: StoreOperations | undefined;
  /** Each counts for itself: what becomes of it is in `results`, and nothing is thrown for one that was not confirmed. */
  readonly each?: boolean;
}

/** What is to be dispatched at once, and what became of it. */
export class DispatchBatch implements OutgoingBatch {
  readonly operations: TransportOperation[];
  readonly how: DispatchHow;
  /** Whether all behaviours called next(). */
  reached = false;
  /** One for each of `operations`; none where there were none. */
  results: readonly DispatchResult[] = [];

  constructor(operations: TransportOperation[], how: DispatchHow = {}) {
    this.operations = operations;
    this.how = how;
  }
}

/**
 * Gives a batch to the transport and resolves when all of it is confirmed.
 *
 * @throws BusbarError UNDELIVERABLE, OUTCOME_UNKNOWN, DELIVERY_LOST, DISPATCH_REFUSED.
 */
export type Dispatch = Step<DispatchBatch>;

/** The `dispatch` stage. */
export function createDispatch(services: EndpointServices): Dispatch {
  const { behaviors, connection, observe } = services;
  const step = compose('dispatch', behaviors, async (batch: DispatchBatch) => {
    const { operations } = batch;
    const { delivery, through, each } = batch.how;
    batch.reached = true;
    if (operations.length === 0 && through === undefined) return;
    if (delivery?.lost === true) throw deliveryLost(delivery);
    batch.results =
      through === undefined ? await connection.dispatch(operations) : await through(operations);
    if (each !== true) throwUnlessConfirmed(operations, batch.results);
    if (observe === undefined) return;
    const { results } = batch;
    const sent = operations.filter((_operation, index) => results[index]?.outcome === 'confirmed');
    if (sent.length > 0) observe({ kind: 'dispatched', operations: sent });
  });
  if (behaviors.every(({ stage }) => stage !== 'dispatch')) return step;
  return async (batch) => {
    await step(batch);
    const wanted = batch.operations.length > 0 || batch.how.through !== undefined;
    if (!batch.reached && wanted) throw swallowed(batch.operations);
  };
}

function swallowed(operations: readonly TransportOperation[]): BusbarError {
  return new BusbarError(
    'DISPATCH_REFUSED',
    `A behaviour of the stage dispatch did not call next(), so ${operations.length} messages were not sent.`,
    {
      help: 'Call next(), throw an error that says why nothing must leave, or take out of `operations` what is not to be sent.',
      details: { messages: operations.length },
    },
  );
}

/** The error of an attempt whose delivery is lost. */
export function deliveryLost(delivery: Delivery): BusbarError {
  return new BusbarError(
    'DELIVERY_LOST',
    `Delivery ${delivery.nativeId} from queue "${delivery.queue}" was lost while it was handled.`,
    { details: { nativeId: delivery.nativeId, queue: delivery.queue } },
  );
}

/** Throws one error that names everything that was not confirmed. */
export function throwUnlessConfirmed(
  operations: readonly TransportOperation[],
  results: readonly DispatchResult[],
): void {
  if (results.every((result) => result.outcome === 'confirmed')) return;
  const failures = results.flatMap((result, index) => {
    const operation = operations[index];
    if (result.outcome === 'confirmed' || operation === undefined) return [];
    return [{ ...describeOperation(operation), outcome: result.outcome, reason: result.reason }];
  });
  const undeliverable = failures.some((failure) => failure.outcome === 'undeliverable');
  const listed = failures
    .slice(0, 5)
    .map(
      ({ messageType, messageId, to, reason }) =>
        `${messageType} ${messageId} to ${to}: ${reason.replace(/\.$/, '')}`,
    )
    .join('; ');
  throw new BusbarError(
    undeliverable ? 'UNDELIVERABLE' : 'OUTCOME_UNKNOWN',
    `${failures.length} of ${operations.length} messages ${undeliverable ? 'could not be delivered' : 'were not confirmed'}: ${listed}.`,
    { details: { outcome: undeliverable ? 'undeliverable' : 'unknown', failures } },
  );
}

function describeOperation({ message, destination }: TransportOperation): {
  readonly messageId: string;
  readonly messageType: string;
  readonly to: string;
} {
  return {
    messageId: message.headers[headerNames.messageId] ?? 'without id',
    messageType: (message.headers[headerNames.enclosedTypes] ?? 'message').split(';', 1)[0] ?? '',
    to:
      destination.kind === 'queue'
        ? `queue "${destination.queue}"`
        : `topic "${destination.topics[0] ?? ''}"`,
  };
}
