import {
  type ClaimStore,
  type DispatchResult,
  type TransportOperation,
  type TransportHost,
  asError,
} from '@busbar/core';
import { sqsCapabilities } from '../capabilities.ts';
import { failureOf, failureText } from '../clients/sdk-error.ts';
import { longestDelaySeconds, snsBytes, sqsBytes } from '../message/limits.ts';
import type { Originals } from '../message/originals.ts';
import {
  type WireMessage,
  attributeNames,
  toWire,
  withAttributes,
} from '../message/wire-message.ts';
import type { SqsSettings } from '../sqs-options.ts';
import { companions } from '../topology/names.ts';
import type { KnownQueue, QueueDirectory } from '../topology/queue-directory.ts';
import type { TopicDirectory } from '../topology/topic-directory.ts';
import type { Couriers } from './couriers.ts';
import { deduplicationOf, groupOf, keyOf } from './message-keys.ts';
import { formsOf, isErrorCopy } from './oversize.ts';
import type { Parcel } from './parcel.ts';

/** What a {@link Dispatcher} works with. */
export interface DispatcherParts {
  readonly settings: SqsSettings;
  readonly host: TransportHost;
  readonly queues: QueueDirectory;
  readonly topics: TopicDirectory;
  readonly couriers: Couriers;
  readonly claimStore: ClaimStore | undefined;
  readonly originals: Originals;
}

/** What is to be sent, read once for all its destinations. */
interface Packed {
  readonly operation: TransportOperation;
  readonly wire: WireMessage;
  readonly until: number;
  /** Seconds until it is due, at least one; undefined for now. */
  readonly delay: number | undefined;
  /** Told when AWS refuses the message itself. */
  readonly refused?: () => void;
}

/** Sends operations, each for itself. */
export class Dispatcher {
  readonly #parts: DispatcherParts;
  readonly #underWay = new Set<Promise<unknown>>();

  constructor(parts: DispatcherParts) {
    this.#parts = parts;
  }

  dispatch(operations: readonly TransportOperation[]): Promise<readonly DispatchResult[]> {
    const all = Promise.all(operations.map((operation) => this.#send(operation)));
    this.#underWay.add(all);
    void all.finally(() => this.#underWay.delete(all));
    return all;
  }

  /** Resolves when nothing is under way any more. */
  async idle(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  /** Never rejects. */
  #send(operation: TransportOperation): Promise<DispatchResult> {
    const { clock } = this.#parts.host;
    const { message, destination, deliverAt } = operation;
    const { headers, body } = message;
    const refusal = refusalOf(operation, clock.now());
    if (refusal !== undefined) return Promise.resolve(undeliverable(refusal));
    const waitMs = deliverAt === undefined ? 0 : deliverAt - clock.now();
    // Rounded up, and never by so little that a clock which differs makes it early.
    const delay = waitMs > 0 ? Math.ceil((waitMs + 20) / 1_000) : undefined;
    const packed: Packed = {
      operation,
      wire: toWire(headers, body),
      until: clock.monotonic() + this.#parts.settings.sendTimeoutMs,
      delay,
    };
    const sending =
      destination.kind === 'queue'
        ? this.#toQueue(packed, destination.queue)
        : this.#toTopics(packed, destination.topics, destination.ordered === true);
    return sending.catch((error: unknown) => failed(error));
  }

  #toQueue(packed: Packed, name: string): Promise<DispatchResult> {
    if (isErrorCopy(packed.operation.message.headers)) return this.#errorCopy(packed, name);
    const { bytes } = packed.wire;
    if (bytes > sqsBytes) return Promise.resolve(undeliverable(tooLarge(bytes, sqsBytes, 'SQS')));
    return this.#find(packed, name);
  }

  /** In the first form that its queue takes. */
  async #errorCopy(packed: Packed, name: string): Promise<DispatchResult> {
    const { claimStore, host, originals } = this.#parts;
    const { headers, body } = packed.operation.message;
    const copy = { headers, body, wire: packed.wire, original: originals.of(body) };
    let last = undeliverable(tooLarge(packed.wire.bytes, sqsBytes, 'SQS'));
    for await (const { how, wire, queue = name } of formsOf(copy, claimStore)) {
      let refused = false;
      const form = { ...packed, wire, refused: () => void (refused = true) };
      last = await this.#find(form, queue);
      if (refused) continue;
      if (how === 'whole' || last.outcome !== 'confirmed') return last;
      const fields = { queue, how, bytes: body.byteLength };
      const text = 'A failed message is too large for its error copy, which lost details';
      host.logger.warn(fields, text);
      return last;
    }
    return last;
  }

  #find(packed: Packed, name: string): Promise<DispatchResult> {
    const known = this.#parts.queues.known(name);
    return known === undefined ? this.#look(packed, name) : this.#into(packed, known);
  }

  async #look(packed: Packed, name: string): Promise<DispatchResult> {
    const found = await this.#parts.queues.find(name);
    if (found === undefined) return undeliverable(`The queue "${name}" does not exist.`);
    return this.#into(packed, found);
  }

  #into(packed: Packed, queue: KnownQueue): Promise<DispatchResult> {
    const { operation, delay } = packed;
    const { headers } = operation.message;
    if (delay === undefined) return this.#bring(packed, queue);
    // An ordered queue delays all of its messages or none.
    if (queue.fifo) return this.#find(withDue(packed), `${queue.queue}${companions.delay}`);
    const { fairQueues } = this.#parts.settings;
    const late = delay > longestDelaySeconds || queue.queue.endsWith(companions.delay);
    const { wire } = late ? withDue(packed) : packed;
    return this.#post(packed, this.#parts.couriers.toQueue(queue), {
      wire,
      delaySeconds: Math.min(delay, longestDelaySeconds),
      messageGroup: fairQueues ? fairGroup(operation) : undefined,
      deduplication: deduplicationOf(headers),
    });
  }

  #bring(packed: Packed, queue: KnownQueue): Promise<DispatchResult> {
    const { operation, wire } = packed;
    const { headers } = operation.message;
    const { fairQueues } = this.#parts.settings;
    const group = groupOf(headers, operation.partitionKey);
    return this.#post(packed, this.#parts.couriers.toQueue(queue), {
      wire,
      messageGroup: queue.fifo ? group : fairQueues ? fairGroup(operation) : undefined,
      ...(queue.fifo && { group, deduplication: deduplicationOf(headers) }),
    });
  }

  /** One publication a topic; which of them a queue takes is the receiver's to know. */
  async #toTopics(
    packed: Packed,
    topics: readonly string[],
    ordered: boolean,
  ): Promise<DispatchResult> {
    const kinds = ordered ? [false, true] : [false];
    const sending = topics.flatMap((topic, index) =>
      kinds.map((fifo) => this.#publish(packed, topic, fifo, via(topics, index))),
    );
    const results = await Promise.all(sending.map((each) => each.catch(failed)));
    return (
      results.find(({ outcome }) => outcome === 'unknown') ??
      results.find(({ outcome }) => outcome === 'undeliverable') ??
      (results[0] as DispatchResult)
    );
  }

  async #publish(
    packed: Packed,
    topic: string,
    fifo: boolean,
    way: Parameters<typeof withAttributes>[1],
  ): Promise<DispatchResult> {
    const { operation, delay } = packed;
    const { headers } = operation.message;
    const plain = withAttributes(packed.wire, way);
    const { wire } = delay === undefined ? { wire: plain } : withDue({ ...packed, wire: plain });
    if (wire.bytes > snsBytes) return undeliverable(tooLarge(wire.bytes, snsBytes, 'SNS'));
    const arn = await this.#parts.topics.arnOf(topic, fifo);
    if (arn === undefined) return { outcome: 'confirmed' };
    const group = groupOf(headers, operation.partitionKey);
    const courier = this.#parts.couriers.toTopic(topic, arn);
    if (fifo) {
      const deduplication = deduplicationOf(headers);
      return this.#post(packed, courier, { wire, group, messageGroup: group, deduplication });
    }
    const { fairQueues } = this.#parts.settings;
    const messageGroup = fairQueues ? fairGroup(operation) : undefined;
    return this.#post(packed, courier, { wire, messageGroup });
  }

  #post(
    { until, refused }: Packed,
    courier: { add(parcel: Parcel): void },
    parcel: Omit<Parcel, 'bytes' | 'until' | 'done'>,
  ): Promise<DispatchResult> {
    return new Promise((done) => {
      courier.add({
        ...parcel,
        bytes: parcel.wire.bytes,
        until,
        done,
        ...(refused !== undefined && { refused }),
      });
    });
  }
}

function withDue(packed: Packed): Packed {
  const { operation, wire } = packed;
  const due = {
    [attributeNames.due]: { DataType: 'Number', StringValue: String(operation.deliverAt) },
  };
  return { ...packed, wire: withAttributes(wire, due) };
}

/** Only a chain of several topics can bring a queue more than one copy. */
function via(topics: readonly string[], index: number): Parameters<typeof withAttributes>[1] {
  if (topics.length === 1) return {};
  return {
    [attributeNames.via]: { DataType: 'String', StringValue: JSON.stringify([index, ...topics]) },
  };
}

function fairGroup({ partitionKey }: TransportOperation): string | undefined {
  return partitionKey === undefined ? undefined : keyOf(`k.${partitionKey}`);
}

function refusalOf({ message, deliverAt }: TransportOperation, now: number): string | undefined {
  const { maxBodyBytes, maxDelayMs } = sqsCapabilities;
  const bytes = message.body.byteLength;
  if (bytes > maxBodyBytes && !isErrorCopy(message.headers))
    return tooLarge(bytes, maxBodyBytes, 'SQS');
  if (deliverAt !== undefined && deliverAt - now > maxDelayMs) {
    return `It is to be delivered in ${deliverAt - now} ms, and the SQS transport holds messages for at most ${maxDelayMs} ms.`;
  }
  return undefined;
}

function tooLarge(bytes: number, most: number, service: string): string {
  return `It takes ${bytes} bytes, and ${service} takes ${most}. Configure \`claimCheck\`, or the option \`bucket\` of the SQS transport.`;
}

function undeliverable(reason: string): DispatchResult {
  return { outcome: 'undeliverable', reason };
}

/** What the look-up of a destination threw. */
function failed(error: unknown): DispatchResult {
  const reason = `${failureText(error)}.`;
  if (asError(error).name === 'BusbarError') return undeliverable(asError(error).message);
  const failure = failureOf(error);
  const never = failure === 'denied' || failure === 'refused';
  return { outcome: never ? 'undeliverable' : 'unknown', reason };
}
