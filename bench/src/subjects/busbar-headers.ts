import { hostname } from 'node:os';
import type { MessageProperties, Options } from 'amqplib';

/**
 * The headers that Busbar puts on a message of one type, on AMQP: some as properties, the others in the header table;
 * `checkHeaders` compares them with what Busbar sends.
 */
export class BusbarHeaders {
  readonly #endpoint: string;
  readonly #replyTo: string | undefined;
  readonly #host = hostname();
  #millisecond = -1;
  #timeSent = '';

  /** @param replyTo Undefined for one that only sends. */
  constructor(endpoint: string, replyTo: string | undefined) {
    this.#endpoint = endpoint;
    this.#replyTo = replyTo;
  }

  /** @param cause The message whose handler sends this one. */
  of(
    id: string,
    type: string,
    intent: 'send' | 'publish',
    cause: MessageProperties | undefined,
  ): Options.Publish {
    const options: Options.Publish = {
      persistent: true,
      messageId: id,
      correlationId: cause === undefined ? id : String(cause.correlationId),
      contentType: 'application/json',
      type,
      headers: {
        'busbar-conversation-id': cause?.headers?.['busbar-conversation-id'] ?? id,
        'busbar-intent': intent,
        'busbar-time-sent': this.#now(),
        'busbar-originating-endpoint': this.#endpoint,
        'busbar-originating-host': this.#host,
        ...(cause !== undefined && { 'busbar-related-to': cause.messageId as string }),
      },
    };
    if (this.#replyTo !== undefined) options.replyTo = this.#replyTo;
    return options;
  }

  #now(): string {
    const now = Date.now();
    if (now !== this.#millisecond) {
      this.#millisecond = now;
      this.#timeSent = new Date(now).toISOString();
    }
    return this.#timeSent;
  }
}
