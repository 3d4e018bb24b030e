import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import {
  ServiceBusClient,
  type ServiceBusMessage,
  type ServiceBusReceivedMessage,
  type ServiceBusSender,
} from '@azure/service-bus';
import type { Order } from '../order.ts';

/** Messages that may be held for each that is handled; the transport's own default. */
const prefetchFactor = 2;

interface Waiting {
  readonly message: ServiceBusMessage;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Batches as they come: one is under way, and what comes meanwhile is the next. */
class Batches {
  readonly #sender: ServiceBusSender;
  #waiting: Waiting[] = [];
  #sending = false;

  constructor(sender: ServiceBusSender) {
    this.#sender = sender;
  }

  send(message: ServiceBusMessage): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ message, resolve, reject });
      if (!this.#sending) {
        this.#sending = true;
        queueMicrotask(() => void this.#sendAll());
      }
    });
  }

  async #sendAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      let taken: Waiting[] = [];
      try {
        if (this.#waiting.length === 1) {
          taken = this.#waiting.splice(0);
          await this.#sender.sendMessages((taken[0] as Waiting).message);
        } else {
          const batch = await this.#sender.createMessageBatch();
          let count = 0;
          while (
            count < this.#waiting.length &&
            batch.tryAddMessage((this.#waiting[count] as Waiting).message)
          )
            count += 1;
          taken = this.#waiting.splice(0, count);
          await this.#sender.sendMessages(batch);
        }
        for (const { resolve } of taken) resolve();
      } catch (error) {
        for (const { reject } of taken) reject(error);
      }
    }
    this.#sending = false;
  }
}

export interface ServiceBusTwinOptions {
  readonly connectionString: string;
  readonly queue: string;
  readonly eventQueue: string;
  /** The most messages that are handled at once. */
  readonly atOnce: number;
  handle(message: Order, native: ServiceBusReceivedMessage): Promise<void>;
}

/**
 * Azure Service Bus as somebody would use it by hand who knows the SDK well: a connection to send and one to receive, sends in
 * batches, more messages fetched than are handled at once, each completed once it was handled, locks renewed meanwhile, and
 * what a bus needs in the properties of each message.
 */
export class ServiceBusTwin {
  readonly #sending: ServiceBusClient;
  readonly #receiving: ServiceBusClient;
  readonly #commands: Batches;
  readonly #events: Batches;
  readonly #options: ServiceBusTwinOptions;
  readonly #host = hostname();
  #running = 0;
  #held: (() => void)[] = [];

  constructor(options: ServiceBusTwinOptions) {
    const { connectionString, queue, eventQueue, atOnce } = options;
    this.#options = options;
    this.#sending = new ServiceBusClient(connectionString);
    this.#receiving = new ServiceBusClient(connectionString);
    this.#commands = new Batches(this.#sending.createSender(queue));
    this.#events = new Batches(this.#sending.createSender(eventQueue));
    const receiver = this.#receiving.createReceiver(queue, { skipParsingBodyAsJson: true });
    receiver.subscribe(
      {
        processMessage: async (message) => {
          if (this.#running >= atOnce) await new Promise<void>((turn) => this.#held.push(turn));
          this.#running += 1;
          try {
            const body = JSON.parse((message.body as Buffer).toString()) as Order;
            await options.handle(body, message);
          } finally {
            this.#running -= 1;
            this.#held.shift()?.();
          }
          void receiver.completeMessage(message);
        },
        processError: async ({ error }) => {
          throw error;
        },
      },
      { autoCompleteMessages: false, maxConcurrentCalls: prefetchFactor * atOnce },
    );
  }

  send(type: string, message: Order): Promise<void> {
    return this.#commands.send(this.#prepare(type, message, undefined));
  }

  publish(type: string, message: Order, cause: ServiceBusReceivedMessage): Promise<void> {
    return this.#events.send(this.#prepare(type, message, cause));
  }

  async close(): Promise<void> {
    await this.#receiving.close();
    await this.#sending.close();
  }

  #prepare(
    type: string,
    message: Order,
    cause: ServiceBusReceivedMessage | undefined,
  ): ServiceBusMessage {
    const id = randomUUID();
    return {
      body: Buffer.from(JSON.stringify(message)),
      messageId: id,
      correlationId: cause?.correlationId ?? id,
      contentType: 'application/json',
      subject: type,
      replyTo: this.#options.queue,
      sessionId: '-1',
      applicationProperties: {
        'busbar-message-id': id,
        'busbar-conversation-id': cause?.applicationProperties?.['busbar-conversation-id'] ?? id,
        'busbar-intent': cause === undefined ? 'send' : 'publish',
        'busbar-time-sent': new Date().toISOString(),
        'busbar-originating-endpoint': this.#options.queue,
        'busbar-originating-host': this.#host,
        ...(cause !== undefined && { 'busbar-related-to': String(cause.messageId) }),
      },
    };
  }
}
