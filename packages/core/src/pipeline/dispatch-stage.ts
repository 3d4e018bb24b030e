import type { EndpointServices } from '../endpoint/endpoint-services.ts';
import { BusbarError } from '../errors.ts';
import { headerNames } from '../headers.ts';
import type { Delivery } from '../transport/delivery.ts';
import type { DispatchResult, TransportOperation } from '../transport/operations.ts';
import { type Step, compose } from './behavior.ts';
import type { OutgoingBatch } from './stages.ts';

/** What is to be dispatched at once, and what became of it. */
export class DispatchBatch implements OutgoingBatch {
  readonly operations: TransportOperation[];
  /** The delivery whose handling sent them: once it is lost nothing is dispatched. */
  readonly delivery: Delivery | undefined;
  /** Whether to settle the delivery in the same transaction, where the transport can. */
  readonly settle: boolean;
  /** Whether all behaviours called next(). */
  reached = false;
  /** Whether the delivery was settled together with the operations. */
  settled = false;

  constructor(operations: TransportOperation[], delivery?: Delivery, settle?: 'settle') {
    this.operations = operations;
    this.delivery = delivery;
    this.settle = settle !== undefined;
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
    const { operations, delivery } = batch;
    batch.reached = true;
    if (operations.length === 0) return;
    if (delivery?.lost === true) throw deliveryLost(delivery);
    const atomic = batch.settle && delivery?.settleWith !== undefined;
    const results = atomic
      ? await (delivery as Required<Delivery>).settleWith(operations)
      : await connection.dispatch(operations);
    throwUnlessConfirmed(operations, results);
    batch.settled = atomic;
    observe?.({ kind: 'dispatched', operations });
  });
  if (behaviors.every(({ stage }) => stage !== 'dispatch')) return step;
  return async (batch) => {
    await step(batch);
    if (!batch.reached && batch.operations.length > 0) throw swallowed(batch.operations);
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
