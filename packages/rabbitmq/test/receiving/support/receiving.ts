import { Buffer } from 'node:buffer';
import { type Channel, type ConfirmChannel, type GetMessage, type Options, connect } from 'amqplib';
import {
  type DeliveryAttempt,
  type FailedAttempt,
  type FailureDecision,
  type ReceiverSettings,
  headerNames,
} from '@busbar/core';
import { until, within } from '../../../../../test/support/rabbitmq/bounded-wait.ts';
import { Link } from '../../../src/connection/link.ts';
import { Publisher } from '../../../src/publishing/publisher.ts';
import { type RabbitMqTransportOptions, checkOptions } from '../../../src/rabbitmq-options.ts';
import { RabbitMqReceiver } from '../../../src/receiving/rabbitmq-receiver.ts';
import { type RecordingHost, transportHost } from '../../support/transport-host.ts';

/** The longest wait for any one thing. */
export const limitMs = 30_000;

export const queueTypes = ['quorum', 'classic'] as const;

export type QueueType = (typeof queueTypes)[number];

/** How {@link Receiving.receiver} receives. */
export interface ReceiveOptions extends Partial<ReceiverSettings> {
  readonly onError?: (failure: FailedAttempt) => Promise<FailureDecision>;
}

type Handle = (attempt: DeliveryAttempt) => unknown;

/** Receivers on connections of their own, and a second way to the broker that sees and does what they cannot. */
export class Receiving implements AsyncDisposable {
  readonly host: RecordingHost = transportHost();
  readonly consuming: Link;
  readonly direct: ConfirmChannel;
  readonly publisher: Publisher;
  readonly #publishing: Link;
  readonly #settings;
  readonly #close: () => Promise<void>;
  readonly #receivers: RabbitMqReceiver[] = [];
  readonly #ends: (() => void)[] = [];

  private constructor(
    options: RabbitMqTransportOptions,
    url: string,
    direct: ConfirmChannel,
    close: () => Promise<void>,
  ) {
    this.#settings = checkOptions({ ...options, url: options.url ?? url });
    this.direct = direct;
    this.#close = close;
    this.consuming = new Link(this.#settings, this.host, 'consume');
    // Past a proxy: what is published must not be cut.
    const publishing = checkOptions({ ...options, url });
    this.#publishing = new Link(publishing, this.host, 'publish');
    this.publisher = new Publisher(this.#publishing, publishing, this.host);
  }

  /** @param options With a `url` of their own where the receivers reach the broker through a proxy. */
  static async open(url: string, options: RabbitMqTransportOptions = {}): Promise<Receiving> {
    const connection = await connect(url);
    connection.on('error', () => {});
    const direct = await connection.createConfirmChannel();
    const opened = new Receiving(options, url, direct, () => connection.close());
    await opened.#publishing.open();
    await opened.consuming.open();
    return opened;
  }

  async queue(name: string, type: QueueType, more: Record<string, unknown> = {}): Promise<string> {
    await this.direct.assertQueue(name, { arguments: { 'x-queue-type': type, ...more } });
    return name;
  }

  orderedQueue(name: string): Promise<string> {
    const more = { 'x-single-active-consumer': true, 'x-delivery-limit': 100_000 };
    return this.queue(name, 'quorum', more);
  }

  async send(queue: string, ids: readonly string[], more: Options.Publish = {}): Promise<void> {
    for (const id of ids) {
      const options = { persistent: true, messageId: id, ...more };
      this.direct.sendToQueue(queue, Buffer.from(id), options);
    }
    await within(limitMs, 'the messages to be confirmed', this.direct.waitForConfirms());
  }

  receiver(queue: string, options: ReceiveOptions = {}): RabbitMqReceiver {
    const settings = { concurrency: 4, suspicionAfter: 50, ordered: false, ...options, queue };
    const made = new RabbitMqReceiver(
      this.consuming,
      this.publisher,
      this.#settings,
      this.host,
      settings,
    );
    this.#receivers.push(made);
    return made;
  }

  start(receiver: RabbitMqReceiver, handle: Handle, options: ReceiveOptions = {}): Promise<void> {
    const release = async (): Promise<FailureDecision> => ({ action: 'release' });
    const starting = receiver.start(async (attempt) => {
      await handle(attempt);
      return 'settle';
    }, options.onError ?? release);
    return within(limitMs, 'the receiver to start', starting);
  }

  async receive(
    queue: string,
    handle: Handle,
    options: ReceiveOptions = {},
  ): Promise<RabbitMqReceiver> {
    const receiver = this.receiver(queue, options);
    await this.start(receiver, handle, options);
    return receiver;
  }

  async stop(
    receiver: RabbitMqReceiver,
    signal: AbortSignal = new AbortController().signal,
  ): Promise<void> {
    await within(limitMs, 'the receiver to stop', receiver.stop(signal));
  }

  /** From then on the receiver has its full prefetch: the consumer of the first message is gone before the second comes. */
  async warmUp(receiver: RabbitMqReceiver): Promise<void> {
    for (const [index, id] of numbered(2, 'warm').entries()) {
      await this.send(receiver.queue, [id]);
      await until(limitMs, `${id} to be settled`, () => receiver.health().settled === index + 1);
    }
  }

  /** A handler that waits here never holds the test up. */
  hang(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#ends.push(resolve);
    return promise;
  }

  /** Messages that nobody holds. */
  async ready(queue: string): Promise<number> {
    const { messageCount } = await this.direct.checkQueue(queue);
    return messageCount;
  }

  async hasReady(queue: string, count: number): Promise<void> {
    const what = `${count} messages to wait in "${queue}"`;
    await until(limitMs, what, async () => (await this.ready(queue)) === count);
  }

  /** Takes the messages out of a queue. */
  async drain(queue: string): Promise<GetMessage[]> {
    const messages: GetMessage[] = [];
    for (;;) {
      const message = await this.direct.get(queue, { noAck: true });
      if (message === false) return messages;
      messages.push(message);
    }
  }

  /** Fetches the first message and gives it back, as often as that. */
  async giveBack(queue: string, times: number): Promise<void> {
    for (let time = 0; time < times; time += 1) {
      let message: GetMessage | false = false;
      await until(limitMs, `a message in "${queue}"`, async () => {
        message = await this.direct.get(queue);
        return message !== false;
      });
      this.direct.reject(message as unknown as GetMessage, true);
    }
  }

  /** The channels of the receivers' connection, as amqplib keeps them. */
  get channels(): Channel[] {
    const connection = this.consuming.session?.connection.connection as unknown as {
      readonly channels: readonly ({ readonly channel: Channel } | null)[];
    };
    return connection.channels
      .slice(1)
      .filter((each) => each !== null)
      .map(({ channel }) => channel);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const end of this.#ends) end();
    const now = AbortSignal.abort();
    await Promise.all(this.#receivers.map((receiver) => receiver.stop(now)));
    await this.publisher.close(30_000);
    await Promise.all([this.#publishing.close(), this.consuming.close()]);
    await this.#close().catch(() => undefined);
  }
}

export function idOf({ delivery }: DeliveryAttempt | FailedAttempt): string {
  return delivery.headers[headerNames.messageId] ?? '';
}

export function numbered(count: number, name = 'message'): string[] {
  return Array.from({ length: count }, (_, index) => `${name}-${index}`);
}
