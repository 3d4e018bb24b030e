import type { EndpointServices } from '../endpoint/endpoint-services.ts';
import { BusbarError } from '../errors.ts';
import { headerNames } from '../headers.ts';
import type { OutboxRecord } from '../persistence/outbox-store.ts';
import { type Dispatch, DispatchBatch } from '../pipeline/dispatch-stage.ts';
import { failureHeaders } from '../recoverability/failure-headers.ts';
import type { Delivery } from '../transport/delivery.ts';
import type { DispatchResult, TransportOperation } from '../transport/operations.ts';
import { DestinationBackOff } from './destination-back-off.ts';

/** What became of one operation: it is done, or is to be tried again after so many milliseconds. */
type Outcome = 'done' | number;

/**
 * Sends what is stored, each operation for itself: one that can never be delivered goes to the error queue as itself, one
 * that was not confirmed stays in the outbox until its destination is tried again, and neither holds up another.
 */
export class OutboxSender {
  readonly #services: EndpointServices;
  readonly #dispatch: Dispatch;
  readonly #backOff: DestinationBackOff;

  constructor(services: EndpointServices, dispatch: Dispatch) {
    this.#services = services;
    this.#dispatch = dispatch;
    this.#backOff = new DestinationBackOff(services.clock);
  }

  /**
   * Dispatches the records and notes what is done; the rest of each is kept in the outbox.
   *
   * @param how `patient`: also to destinations that do not answer at the moment.
   * @throws BusbarError when nothing could be tried; all is still stored then
   */
  async send(
    records: readonly OutboxRecord[],
    how: { readonly patient: boolean; readonly delivery?: Delivery | undefined },
  ): Promise<void> {
    const outcomes = await this.#sendAll(
      records.flatMap(({ operations }) => operations),
      how.patient,
      how.delivery,
    );
    const { outbox } = this.#services.persistence;
    const keeping: Promise<void>[] = [];
    let offset = 0;
    for (const { record, operations } of records) {
      const own = outcomes.slice(offset, offset + operations.length);
      offset += operations.length;
      const left = operations.filter((_operation, index) => own[index] !== 'done');
      if (left.length === 0) outbox.markDispatched(record);
      else keeping.push(outbox.keep(record, left, shortest(own)));
    }
    await Promise.all(keeping);
  }

  /**
   * Sends in order, the next one when the one before is done, until `enough`. `progress` tells how many are done, and after
   * what time to go on: 0 means at once.
   */
  async sendInOrder(
    operations: readonly TransportOperation[],
    progress: { sent: number; afterMs: number },
    enough: () => boolean,
  ): Promise<void> {
    for (const operation of operations) {
      if (progress.sent > 0 && enough()) return;
      const [outcome = 0] = await this.#sendAll([operation], true);
      if (outcome !== 'done') {
        progress.afterMs = outcome;
        return;
      }
      progress.sent += 1;
    }
  }

  async #sendAll(
    operations: readonly TransportOperation[],
    patient: boolean,
    delivery?: Delivery,
  ): Promise<readonly Outcome[]> {
    const waits = operations.map(({ destination }) =>
      patient ? this.#backOff.left(destination) : this.#backOff.leftOrSilent(destination),
    );
    const tried = operations.filter((_operation, index) => waits[index] === 0);
    // A copy: a behaviour may take out of the batch what is not to be sent, and that counts as done.
    const batch = new DispatchBatch([...tried], {
      each: true,
      ...(delivery !== undefined && { delivery }),
    });
    if (tried.length > 0) {
      const end = this.#backOff.begin(tried);
      try {
        await this.#dispatch(batch);
      } finally {
        end();
      }
    }
    const results = new Map(
      batch.operations.map((operation, index) => [operation, batch.results[index]]),
    );
    const outcomes: Outcome[] = [];
    for (const [index, operation] of operations.entries()) {
      const waitMs = waits[index] ?? 0;
      const judged = waitMs > 0 ? waitMs : this.#judge(operation, results.get(operation));
      outcomes.push(judged instanceof Promise ? await judged : judged);
    }
    return outcomes;
  }

  #judge(
    operation: TransportOperation,
    result: DispatchResult | undefined,
  ): Outcome | Promise<Outcome> {
    const { destination } = operation;
    if (result === undefined || result.outcome === 'confirmed') {
      this.#backOff.worked(destination);
      return 'done';
    }
    if (result.outcome === 'undeliverable') return this.#moveToError(operation, result.reason);
    const waitMs = this.#backOff.failed(destination);
    this.#services.logger.warn(
      { ...describe(operation), reason: result.reason, waitMs },
      'A message of the outbox was not confirmed and stays there until its destination is tried again',
    );
    return waitMs;
  }

  async #moveToError(operation: TransportOperation, reason: string): Promise<Outcome> {
    const { capabilities, clock, connection, counts, endpoint, errorQueue, host, logger, observe } =
      this.#services;
    const { message, destination } = operation;
    const queue = destination.kind === 'queue' ? destination.queue : (destination.topics[0] ?? '');
    const described = describe(operation);
    const error = new BusbarError(
      'UNDELIVERABLE',
      `${described.messageType} ${described.messageId} of the outbox cannot be delivered to ${destination.kind} "${queue}": ${reason.replace(/\.$/, '')}.`,
      { details: described },
    );
    const headers = failureHeaders(
      message.headers,
      { error, queue, endpoint, host, failedAt: clock.now(), attempts: 1 },
      capabilities.maxHeaderBytes,
    );
    const copy: TransportOperation = {
      message: { headers, body: message.body },
      destination: { kind: 'queue', queue: errorQueue },
    };
    const [result] = await connection.dispatch([copy]);
    if (result?.outcome !== 'confirmed') {
      logger.error(
        { ...described, errorQueue, err: error },
        'A message of the outbox can neither be delivered nor moved to the error queue, and stays in the outbox',
      );
      return this.#backOff.failed(destination);
    }
    logger.error(
      { ...described, errorQueue, err: error },
      'A message of the outbox cannot be delivered and was moved to the error queue',
    );
    counts.movedToError += 1;
    observe?.({ kind: 'moved-to-error', queue, headers, error });
    return 'done';
  }
}

function shortest(outcomes: readonly Outcome[]): number {
  return Math.min(...outcomes.filter((outcome) => outcome !== 'done'));
}

function describe({ message: { headers } }: TransportOperation): {
  readonly messageId: string | undefined;
  readonly messageType: string;
} {
  return {
    messageId: headers[headerNames.messageId],
    messageType: (headers[headerNames.enclosedTypes] ?? 'message').split(';', 1)[0] ?? '',
  };
}
