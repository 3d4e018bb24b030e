import { GetQueueAttributesCommand, GetQueueUrlCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { BusbarError, type Clock, pause } from '@busbar/core';
import { failureOf, failureText } from '../clients/sdk-error.ts';
import { companions, fifoSuffix, queueName } from './names.ts';

const mostRemembered = 5_000;

/** SQS asks to wait a second before a new queue is used; until then some of its servers do not know it. */
const youngMs = 3_000;
const firstPauseMs = 50;
const longestName = 80;

/** A queue that exists. */
export interface KnownQueue {
  /** Its logical name. */
  readonly queue: string;
  readonly url: string;
  /** An ordered queue. */
  readonly fifo: boolean;
}

/** Finds queues by asking SQS, and remembers what it said. */
export class QueueDirectory {
  readonly #client: SQSClient;
  readonly #prefix: string;
  readonly #clock: Clock;
  /** Until when those that were made here may be taken for missing by mistake. */
  readonly #young = new Map<string, number>();
  readonly #known = new Map<string, KnownQueue>();
  readonly #arns = new Map<string, string>();
  readonly #looking = new Map<string, Promise<KnownQueue | undefined>>();

  constructor(client: SQSClient, prefix: string, clock: Clock) {
    this.#client = client;
    this.#prefix = prefix;
    this.#clock = clock;
  }

  /** What is known already, for those who cannot wait. */
  known(queue: string): KnownQueue | undefined {
    return this.#known.get(queue);
  }

  /**
   * The queue, or undefined while there is none.
   *
   * @throws BusbarError INVALID_CONFIGURATION for a name that SQS cannot have; an error of the SDK
   */
  find(queue: string): Promise<KnownQueue | undefined> {
    const known = this.#known.get(queue);
    if (known !== undefined) return Promise.resolve(known);
    const looking = this.#looking.get(queue) ?? this.#look(queue);
    this.#looking.set(queue, looking);
    return looking;
  }

  /** As {@link find}, without trust in what was said before. */
  findAgain(queue: string): Promise<KnownQueue | undefined> {
    this.forget(queue);
    return this.find(queue);
  }

  /** @throws BusbarError MISSING_QUEUE */
  async get(queue: string): Promise<KnownQueue> {
    const found = await this.find(queue);
    if (found !== undefined) return found;
    throw missingQueue(queue);
  }

  /**
   * The ARN, as SQS says it.
   *
   * @throws BusbarError MISSING_QUEUE, TRANSPORT_UNAVAILABLE
   */
  async arnOf({ queue, url }: KnownQueue): Promise<string> {
    const known = this.#arns.get(url);
    if (known !== undefined) return known;
    try {
      const arn = await this.#whileYoung(queue, () => this.#askArn(url));
      if (arn === undefined) throw missingQueue(queue);
      this.#arns.set(url, arn);
      return arn;
    } catch (error) {
      throw toBusbarError(error, `finding the queue "${queue}"`, 'sqs:GetQueueAttributes');
    }
  }

  /** It was just made, so that it may be taken for missing where it is not known yet. */
  made(queue: KnownQueue): void {
    const now = this.#clock.monotonic();
    for (const [name, until] of this.#young) if (until <= now) this.#young.delete(name);
    this.#young.set(queue.queue, now + youngMs);
    this.note(queue);
  }

  /** Whether it was made so lately that SQS may say by mistake that it is missing. */
  isYoung(queue: string): boolean {
    return (this.#young.get(queue) ?? 0) > this.#clock.monotonic();
  }

  /** It was deleted: that it is missing is true. */
  deleted(queue: string): void {
    this.#young.delete(queue);
    this.forget(queue);
  }

  note(queue: KnownQueue): void {
    // Reply queues come and go; who is forgotten is asked for again.
    if (this.#known.size >= mostRemembered) {
      this.#known.clear();
      this.#arns.clear();
    }
    this.#known.set(queue.queue, queue);
  }

  /** It may be gone, or be another one. */
  forget(queue: string): void {
    const known = this.#known.get(queue);
    if (known !== undefined) this.#arns.delete(known.url);
    this.#known.delete(queue);
  }

  async #look(queue: string): Promise<KnownQueue | undefined> {
    try {
      const name = queueName(queue, this.#prefix);
      // Delays wait in standard queues alone.
      const alone =
        queue.endsWith(companions.delay) || name.length + fifoSuffix.length > longestName;
      const names = alone ? [name] : [name, `${name}${fifoSuffix}`];
      const found = await this.#whileYoung(queue, () => this.#askFor(queue, names));
      if (found !== undefined) this.note(found);
      return found;
    } finally {
      this.#looking.delete(queue);
    }
  }

  /** Asks again while nothing is found of a queue that was just made. */
  async #whileYoung<T>(queue: string, ask: () => Promise<T | undefined>): Promise<T | undefined> {
    for (let waitMs = firstPauseMs; ; waitMs *= 2) {
      const found = await ask();
      if (found !== undefined || !this.isYoung(queue)) return found;
      await pause(this.#clock, waitMs);
    }
  }

  async #askFor(queue: string, names: readonly string[]): Promise<KnownQueue | undefined> {
    for (const name of names) {
      const found = await this.#ask(queue, name);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  async #askArn(url: string): Promise<string | undefined> {
    try {
      const { Attributes } = await this.#client.send(
        new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['QueueArn'] }),
      );
      return Attributes?.['QueueArn'];
    } catch (error) {
      if (failureOf(error) === 'missing') return undefined;
      throw error;
    }
  }

  async #ask(queue: string, name: string): Promise<KnownQueue | undefined> {
    try {
      const { QueueUrl } = await this.#client.send(new GetQueueUrlCommand({ QueueName: name }));
      if (QueueUrl === undefined) return undefined;
      return { queue, url: QueueUrl, fifo: name.endsWith(fifoSuffix) };
    } catch (error) {
      if (failureOf(error) === 'missing') return undefined;
      throw error;
    }
  }
}

function missingQueue(queue: string): BusbarError {
  return new BusbarError('MISSING_QUEUE', `SQS has no queue "${queue}".`, { details: { queue } });
}

/** An error of the SDK as one of ours. */
export function toBusbarError(thrown: unknown, what: string, action: string): BusbarError {
  if (thrown instanceof BusbarError) return thrown;
  const failure = failureOf(thrown);
  const text = failureText(thrown);
  if (failure === 'denied') {
    return new BusbarError('TRANSPORT_UNAVAILABLE', `AWS does not allow ${what}: ${text}.`, {
      help: `Give the identity of the option \`credentials\` the right \`${action}\`; \`provisioning: 'policies'\` prints all that it needs.`,
      details: { action },
      cause: thrown,
    });
  }
  return new BusbarError('TRANSPORT_UNAVAILABLE', `AWS failed at ${what}: ${text}.`, {
    ...(failure === 'credentials' && { help: 'Correct the option `credentials`.' }),
    details: { action },
    cause: thrown,
  });
}
