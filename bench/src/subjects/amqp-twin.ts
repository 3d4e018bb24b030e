import { randomUUID } from 'node:crypto';
import {
  type Channel,
  type ChannelModel,
  type ConfirmChannel,
  type ConsumeMessage,
  type MessageProperties,
  type Options,
  connect,
} from 'amqplib';
import type { Order } from '../order.ts';
import { type BrokerNames, type QueueType, assertQueue, brokerUrl } from '../rabbitmq-broker.ts';
import { BusbarHeaders } from './busbar-headers.ts';
import { checkHeaders } from './check-headers.ts';
import { joinWrites } from './join-writes.ts';

/** Handles a message, which is acknowledged afterwards. */
export type HandleOrder = (message: Order, properties: MessageProperties) => Promise<void>;

export interface AmqpTwinOptions {
  readonly names: BrokerNames;
  readonly queueType: QueueType;
  /** The most messages that are handled at once. */
  readonly atOnce: number;
  /** Sends the headers that Busbar sends, instead of `messageId`, `type` and `contentType` alone. */
  readonly busbarHeaders: boolean;
  /** Without it nothing is received. */
  readonly handle?: HandleOrder;
}

/** A message as it is given to amqplib, so that it can be stored before it is sent. */
export interface PreparedMessage {
  readonly exchange: string;
  readonly routingKey: string;
  readonly content: Buffer;
  readonly options: Options.Publish;
}

/** Messages that may be held for each that is handled; the transport's own default. */
const prefetchFactor = 3;
/** Attempts in all, before a message goes to the dead letters; the same as Busbar's default. */
const mostAttempts = 6;

/**
 * RabbitMQ as somebody would use it by hand who knows it and amqplib well: a connection to publish and one to consume, a
 * confirm channel with many confirms outstanding, persistent messages, more of them prefetched than are handled at once,
 * each acknowledged once it was handled, no waiting for Nagle and all writes of a turn in one system call.
 */
export class AmqpTwin {
  readonly #publishing: ChannelModel;
  readonly #consuming: ChannelModel;
  readonly #publisher: ConfirmChannel;
  readonly #consumer: Channel;
  readonly #options: AmqpTwinOptions;
  readonly #headers: BusbarHeaders | undefined;
  readonly #held: ConsumeMessage[] = [];
  #running = 0;

  private constructor(
    publishing: ChannelModel,
    consuming: ChannelModel,
    publisher: ConfirmChannel,
    consumer: Channel,
    options: AmqpTwinOptions,
  ) {
    this.#publishing = publishing;
    this.#consuming = consuming;
    this.#publisher = publisher;
    this.#consumer = consumer;
    this.#options = options;
    const { names, busbarHeaders, handle } = options;
    if (!busbarHeaders) return;
    this.#headers = new BusbarHeaders(names.queue, handle === undefined ? undefined : names.queue);
  }

  static async open(options: AmqpTwinOptions): Promise<AmqpTwin> {
    const publishing = await connect(brokerUrl, { noDelay: true });
    const consuming = await connect(brokerUrl, { noDelay: true });
    joinWrites(publishing);
    joinWrites(consuming);
    const publisher = await publishing.createConfirmChannel();
    const consumer = await consuming.createChannel();
    const { names, queueType, atOnce, busbarHeaders, handle } = options;
    if (busbarHeaders) await checkHeaders(names.queue);
    await assertQueue(consumer, names.queue, queueType);
    const twin = new AmqpTwin(publishing, consuming, publisher, consumer, options);
    if (handle !== undefined) {
      await consumer.prefetch(prefetchFactor * atOnce);
      await consumer.consume(names.queue, twin.#received);
    }
    return twin;
  }

  /** Sends to the twin's own queue. Resolves when the broker has it. */
  send(type: string, message: Order): Promise<void> {
    return this.dispatch(this.#prepare('', this.#options.names.queue, type, message, undefined));
  }

  /** Publishes an event. Resolves when the broker has it. */
  publish(type: string, message: Order, cause: MessageProperties): Promise<void> {
    return this.dispatch(this.prepareEvent(type, message, cause));
  }

  prepareEvent(type: string, message: Order, cause: MessageProperties): PreparedMessage {
    return this.#prepare(this.#options.names.topic, '', type, message, cause);
  }

  /** Resolves when the broker has it. */
  dispatch({ exchange, routingKey, content, options }: PreparedMessage): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#publisher.publish(exchange, routingKey, content, options, (error: Error | null) => {
        if (error === null) resolve();
        else reject(error);
      });
    });
  }

  async close(): Promise<void> {
    await this.#consumer.close();
    await this.#publisher.close();
    await Promise.all([this.#consuming.close(), this.#publishing.close()]);
  }

  #prepare(
    exchange: string,
    routingKey: string,
    type: string,
    message: Order,
    cause: MessageProperties | undefined,
  ): PreparedMessage {
    const id = randomUUID();
    const options: Options.Publish =
      this.#headers === undefined
        ? { persistent: true, messageId: id, type, contentType: 'application/json' }
        : this.#headers.of(id, type, exchange === '' ? 'send' : 'publish', cause);
    return { exchange, routingKey, content: Buffer.from(JSON.stringify(message)), options };
  }

  readonly #received = (message: ConsumeMessage | null): void => {
    if (message === null) throw new Error('The broker has cancelled the consumer.');
    if (this.#running < this.#options.atOnce) void this.#take(message);
    else this.#held.push(message);
  };

  async #take(message: ConsumeMessage): Promise<void> {
    this.#running += 1;
    if (await this.#tried(message)) this.#consumer.ack(message);
    else this.#consumer.nack(message, false, false);
    this.#running -= 1;
    const next = this.#held.shift();
    if (next !== undefined) void this.#take(next);
  }

  async #tried({ content, properties }: ConsumeMessage): Promise<boolean> {
    const handle = this.#options.handle as HandleOrder;
    const message = JSON.parse(content.toString()) as Order;
    for (let attempts = 1; ; attempts += 1) {
      try {
        await handle(message, properties);
        return true;
      } catch {
        if (attempts === mostAttempts) return false;
      }
    }
  }
}
