import type { ServiceBusClient, ServiceBusSender } from '@azure/service-bus';
import {
  type Clock,
  type DispatchResult,
  type TransportCapabilities,
  type TransportOperation,
} from '@busbar/core';
import { isTooLarge } from '../message/received-bodies.ts';
import { toServiceBusMessage } from '../message/to-message.ts';
import { aboveOf } from '../topology/copy-rules.ts';
import { topicEntity } from '../topology/names.ts';
import type { MovedCopy } from '../topology/stored-message.ts';
import { EntitySender } from './entity-sender.ts';

/** A sender that nobody used for so long is closed: an endpoint that replies to many instances would keep them all. */
const unusedMs = 10 * 60 * 1_000;
/** Below this many none is looked at. */
const fewSenders = 64;

const confirmed: DispatchResult = { outcome: 'confirmed' };

/** Sends operations, each for itself, and tells what became of each. */
export class Dispatcher {
  readonly #client: ServiceBusClient;
  readonly #clock: Clock;
  readonly #capabilities: TransportCapabilities;
  readonly #retries: number;
  readonly #senders = new Map<string, EntitySender>();
  #problem: string | undefined;

  constructor(
    client: ServiceBusClient,
    clock: Clock,
    capabilities: TransportCapabilities,
    retries: number,
  ) {
    this.#client = client;
    this.#retries = retries;
    this.#clock = clock;
    this.#capabilities = capabilities;
  }

  async dispatch(operations: readonly TransportOperation[]): Promise<readonly DispatchResult[]> {
    const touched = new Set<EntitySender>();
    const now = this.#clock.now();
    const results = operations.map((operation) => this.#begin(operation, now, touched));
    for (const sender of touched) sender.flush();
    const all = await Promise.all(results);
    this.#note(all);
    return all;
  }

  /** Sends what the service had already, whatever this endpoint may send. */
  async forward(queue: string, copies: readonly MovedCopy[]): Promise<readonly DispatchResult[]> {
    const sender = this.#queueSender(queue);
    const results = copies.map(({ message, body }) => sender.add(message, body));
    sender.flush();
    const all = await Promise.all(results);
    this.#note(all);
    return all;
  }

  /** What is wrong with sending, until something is confirmed. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Resolves when all that was accepted has its outcome. */
  async idle(): Promise<void> {
    await Promise.all([...this.#senders.values()].map((sender) => sender.whenIdle()));
  }

  #note(results: readonly DispatchResult[]): void {
    for (const result of results) {
      if (result.outcome === 'unknown') this.#problem = result.reason;
      else if (result.outcome === 'confirmed') this.#problem = undefined;
    }
  }

  #begin(
    operation: TransportOperation,
    now: number,
    touched: Set<EntitySender>,
  ): Promise<DispatchResult> {
    const reason = this.#refusal(operation, now);
    if (reason !== undefined) return Promise.resolve({ outcome: 'undeliverable', reason });
    const { destination } = operation;
    if (destination.kind === 'queue') {
      const sender = this.#queueSender(destination.queue);
      touched.add(sender);
      return sender.add(toServiceBusMessage(operation, now), operation.message.body);
    }
    const copies = destination.topics.map((topic, index) => {
      const sender = this.#topicSender(topic);
      touched.add(sender);
      const above = aboveOf(destination.topics.slice(0, index));
      return sender.add(toServiceBusMessage(operation, now, above), operation.message.body);
    });
    const [only, second] = copies;
    return only !== undefined && second === undefined ? only : worstOf(copies);
  }

  #refusal({ message, deliverAt }: TransportOperation, now: number): string | undefined {
    const { maxBodyBytes, maxDelayMs } = this.#capabilities;
    if (isTooLarge(message.body, maxBodyBytes)) {
      return `The body has ${message.body.byteLength} bytes, the limit is ${maxBodyBytes} (option \`maxMessageBytes\`).`;
    }
    if (deliverAt !== undefined && deliverAt - now > maxDelayMs) {
      return `The delay ends ${new Date(deliverAt).toISOString()}, the limit is ${maxDelayMs} ms.`;
    }
    return undefined;
  }

  #queueSender(queue: string): EntitySender {
    return this.#sender(queue, `the queue "${queue}"`, {
      outcome: 'undeliverable',
      reason: `The queue "${queue}" does not exist.`,
    });
  }

  /** A topic that does not exist has no subscriber, and that is no error. */
  #topicSender(topic: string): EntitySender {
    return this.#sender(topicEntity(topic), `the topic "${topic}"`, confirmed);
  }

  #sender(entity: string, where: string, missing: DispatchResult): EntitySender {
    const key = `${where} ${entity}`;
    let sender = this.#senders.get(key);
    if (sender === undefined) {
      this.#closeUnused();
      const open = (): ServiceBusSender => this.#client.createSender(entity);
      sender = new EntitySender({ where, missing, open, retries: this.#retries });
      this.#senders.set(key, sender);
    }
    sender.usedAt = this.#clock.monotonic();
    return sender;
  }

  #closeUnused(): void {
    if (this.#senders.size < fewSenders) return;
    const before = this.#clock.monotonic() - unusedMs;
    for (const [key, sender] of this.#senders) {
      if (sender.usedAt > before || !sender.idle) continue;
      this.#senders.delete(key);
      void sender.close();
    }
  }
}

/** One operation, one result: what is not known of one copy is not known of it. */
async function worstOf(copies: readonly Promise<DispatchResult>[]): Promise<DispatchResult> {
  const results = await Promise.all(copies);
  return (
    results.find(({ outcome }) => outcome === 'unknown') ??
    results.find(({ outcome }) => outcome === 'undeliverable') ??
    confirmed
  );
}
