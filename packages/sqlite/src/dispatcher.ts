import { asError, type DispatchResult, type Headers, type TransportOperation } from '@busbar/core';
import { sqliteCapabilities } from './capabilities.ts';
import type { SharedStore } from './store/shared-store.ts';
import type { SqliteDelivery } from './store/sqlite-delivery.ts';
import type { QueueEntry } from './store/topology.ts';
import { type Transaction, isUnknownOutcome } from './store/writer.ts';

/** An operation whose headers are JSON already, so that the transaction has nothing left to do but to write. */
export interface EncodedOperation {
  readonly operation: TransportOperation;
  readonly headers: string;
  /** Why it can be stored in no queue. */
  readonly refusal: string | undefined;
}

const confirmed: DispatchResult = Object.freeze({ outcome: 'confirmed' });

/** The most operations of one dispatch that are written in one transaction; what is more goes to the next one. */
const mostPerJob = 500;

/** Stores what is sent. */
export class Dispatcher {
  readonly #store: SharedStore;

  constructor(store: SharedStore) {
    this.#store = store;
  }

  async dispatch(operations: readonly TransportOperation[]): Promise<readonly DispatchResult[]> {
    if (operations.length === 0) return [];
    const encoded = this.encode(operations);
    if (encoded.length <= mostPerJob) return this.#storeAll(encoded);
    const parts: Promise<readonly DispatchResult[]>[] = [];
    for (let from = 0; from < encoded.length; from += mostPerJob) {
      parts.push(this.#storeOrUnknown(encoded.slice(from, from + mostPerJob)));
    }
    return (await Promise.all(parts)).flat();
  }

  /**
   * Settles and sends as one transaction, or does neither.
   *
   * @throws BusbarError DELIVERY_LOST when the hold was lost.
   */
  async settleWith(
    delivery: SqliteDelivery,
    operations: readonly TransportOperation[],
  ): Promise<readonly DispatchResult[]> {
    const { leases, messages, writer } = this.#store;
    const encoded = this.encode(operations, delivery.body);
    const results = await writer.submit(
      (transaction) => {
        if (delivery.knownLost || delivery.ended) return undefined;
        const checks = this.checkAll(encoded);
        if (!allConfirmed(checks)) return checks;
        if (!messages.delete(delivery.from.id, delivery.row, delivery.lease)) return undefined;
        delivery.home.noteSettled(delivery, transaction);
        return encoded.map((one) => this.insert(one, transaction));
      },
      true,
      bytesOf(encoded),
    );
    if (results === undefined) {
      delivery.lose('another receiver has it');
      throw delivery.gone('another receiver has it');
    }
    if (allConfirmed(results)) {
      delivery.end();
      leases.drop(delivery);
    }
    return results;
  }

  /** Does outside of the transaction what can be done there. `received` as in `Delivery.settleWith`. */
  encode(
    operations: readonly TransportOperation[],
    received?: Uint8Array,
  ): readonly EncodedOperation[] {
    return operations.map((operation) => this.#encode(operation, received));
  }

  /** Whether they can be stored, by what this transaction knows of the queues. */
  checkAll(encoded: readonly EncodedOperation[]): readonly DispatchResult[] {
    return encoded.map((one) => this.#check(one));
  }

  /** @throws BusbarError TRANSPORT_UNAVAILABLE when nothing was stored. */
  async #storeAll(encoded: readonly EncodedOperation[]): Promise<readonly DispatchResult[]> {
    try {
      return await this.#store.writer.submit(
        (transaction) =>
          encoded.map((one) => {
            const check = this.#check(one);
            return check.outcome === 'confirmed' ? this.insert(one, transaction) : check;
          }),
        true,
        bytesOf(encoded),
      );
    } catch (error) {
      if (!isUnknownOutcome(error)) throw error;
      return unknown(encoded, error);
    }
  }

  /** For a dispatch in parts, others of which may be stored. */
  async #storeOrUnknown(encoded: readonly EncodedOperation[]): Promise<readonly DispatchResult[]> {
    try {
      return await this.#storeAll(encoded);
    } catch (error) {
      return unknown(encoded, error);
    }
  }

  #encode(operation: TransportOperation, received?: Uint8Array): EncodedOperation {
    const headers = JSON.stringify(operation.message.headers);
    // A copy of what is in the file already goes back into it, whatever its size; see `Delivery.settleWith`.
    const refusal =
      (operation.message.body === received ? undefined : this.#tooLarge(operation, headers)) ??
      this.#tooLate(operation);
    return { operation, headers, refusal };
  }

  /** Why no queue can take it. */
  #tooLarge({ message }: TransportOperation, headers: string): string | undefined {
    const { maxBodyBytes, maxHeaderBytes } = sqliteCapabilities;
    if (message.body.byteLength > maxBodyBytes) {
      return `The body has ${message.body.byteLength} bytes, the limit is ${maxBodyBytes}.`;
    }
    // The limit is on names and values, without what JSON adds to them; a string has at most three bytes for each unit.
    if (headers.length * 3 <= maxHeaderBytes) return undefined;
    const bytes = headerBytes(message.headers);
    if (bytes <= maxHeaderBytes) return undefined;
    return `The headers have ${bytes} bytes, the limit is ${maxHeaderBytes}.`;
  }

  /** Likewise. */
  #tooLate({ deliverAt }: TransportOperation): string | undefined {
    const { maxDelayMs } = sqliteCapabilities;
    if (deliverAt !== undefined && deliverAt - this.#store.clock.now() > maxDelayMs) {
      return `The delay ends ${new Date(deliverAt).toISOString()}, the limit is ${maxDelayMs} ms.`;
    }
    return undefined;
  }

  #check({ operation: { destination }, refusal }: EncodedOperation): DispatchResult {
    if (refusal !== undefined) return { outcome: 'undeliverable', reason: refusal };
    if (destination.kind === 'topic') return confirmed;
    if (this.#store.topology.find(destination.queue) !== undefined) return confirmed;
    const reason = `The queue "${destination.queue}" does not exist in ${this.#store.file.path}.`;
    return { outcome: 'undeliverable', reason };
  }

  /** Stores what {@link Dispatcher.checkAll} has confirmed. */
  insert(encoded: EncodedOperation, transaction: Transaction): DispatchResult {
    const { destination } = encoded.operation;
    const { topology } = this.#store;
    if (destination.kind === 'queue') {
      const seq = this.#insertInto(topology.queue(destination.queue), encoded, transaction);
      return { outcome: 'confirmed', nativeId: String(seq) };
    }
    for (const queue of topology.subscribersOf(destination.topics)) {
      this.#insertInto(queue, encoded, transaction);
    }
    return confirmed;
  }

  #insertInto(
    { id, ordered }: QueueEntry,
    { operation, headers }: EncodedOperation,
    { now, place, touched }: Transaction,
  ): number {
    const { deliverAt, expiresAt, message, partitionKey } = operation;
    const delayed = deliverAt !== undefined && deliverAt > now;
    touched.add(id);
    return this.#store.messages.insert({
      queueId: id,
      dueAt: delayed ? Math.ceil(deliverAt) : place,
      delayed,
      lane: ordered ? (partitionKey ?? null) : null,
      expiresAt: expiresAt === undefined ? null : Math.ceil(expiresAt),
      headers,
      body: message.body,
    });
  }
}

/** Whether each of them was, or could be, stored. */
export function allConfirmed(results: readonly DispatchResult[]): boolean {
  return results.every((result) => result.outcome === 'confirmed');
}

function unknown(encoded: readonly EncodedOperation[], error: unknown): readonly DispatchResult[] {
  const reason = asError(error).message;
  return encoded.map(() => ({ outcome: 'unknown', reason }));
}

function headerBytes(headers: Headers): number {
  let bytes = 0;
  for (const [name, value] of Object.entries(headers)) {
    bytes += Buffer.byteLength(name) + Buffer.byteLength(value);
  }
  return bytes;
}

/** About how much they write. */
export function bytesOf(encoded: readonly EncodedOperation[]): number {
  let bytes = 0;
  for (const { headers, operation, refusal } of encoded) {
    if (refusal === undefined) bytes += headers.length + operation.message.body.byteLength;
  }
  return bytes;
}
