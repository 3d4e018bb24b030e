import type { EndpointServices } from '../endpoint/endpoint-services.ts';
import type {
  AnyHandlerContext,
  PublishOptions,
  ReplyOptions,
  SendOptions,
} from '../handling/handler-context.ts';
import { type Headers, headerNames } from '../headers.ts';
import { type Logger, withFields } from '../observability/logger.ts';
import { parseCount } from '../recoverability/attempt-count.ts';
import { BatchSender } from './batch-sender.ts';
import type { Dispatch } from './dispatch-stage.ts';
import type { IncomingContext } from './incoming-context.ts';
import type { Outgoing, OutgoingRequest } from './outgoing.ts';

const noOptions = Object.freeze({});

/** Something that a handler sends; which message it handles is known. */
export type HandlerRequest = Omit<OutgoingRequest, 'incoming'>;

/** What a handler sees of its message and can do while it handles it. */
export class AttemptHandlerContext implements AnyHandlerContext {
  readonly #services: EndpointServices;
  readonly #sender: BatchSender;
  readonly #incoming: IncomingContext;
  #log: Logger | undefined;
  #stopped = false;

  constructor(
    services: EndpointServices,
    outgoing: Outgoing,
    dispatch: Dispatch,
    incoming: IncomingContext,
  ) {
    this.#services = services;
    this.#sender = new BatchSender(outgoing, dispatch, incoming);
    this.#incoming = incoming;
  }

  get messageId(): string {
    return this.#incoming.messageId;
  }

  get correlationId(): string {
    return this.#incoming.headers[headerNames.correlationId] ?? this.#incoming.messageId;
  }

  get conversationId(): string {
    return this.#incoming.headers[headerNames.conversationId] ?? this.#incoming.messageId;
  }

  get headers(): Headers {
    return this.#incoming.headers;
  }

  get replyTo(): string | undefined {
    return this.#incoming.headers[headerNames.replyTo];
  }

  get signal(): AbortSignal {
    return this.#incoming.signal;
  }

  get storage(): unknown {
    return this.#incoming.storage;
  }

  get attempt(): { readonly immediate: number; readonly delayed: number } {
    const { failures, delivery } = this.#incoming;
    // As received: a foreign envelope need not hand on what only a delayed copy carries.
    const delayed = parseCount(delivery.headers[headerNames.delayedAttempts]);
    return { immediate: failures, delayed };
  }

  get log(): Logger {
    this.#log ??= withFields(this.#services.logger, {
      messageId: this.#incoming.messageId,
      messageType: this.#incoming.definition.name,
    });
    return this.#log;
  }

  /** Whether a handler asked that the later ones are not called. */
  get stopped(): boolean {
    return this.#stopped;
  }

  stopHandlers(): void {
    this.#stopped = true;
  }

  send(command: object, options: SendOptions = noOptions): Promise<void> {
    return this.collect({ intent: 'send', message: command, options });
  }

  sendLocal(command: object, options: SendOptions = noOptions): Promise<void> {
    const queue = this.#services.inputQueue;
    return this.collect({ intent: 'send', message: command, options, queue });
  }

  publish(event: object, options: PublishOptions = noOptions): Promise<void> {
    return this.collect({ intent: 'publish', message: event, options });
  }

  reply(message: object, options: ReplyOptions = noOptions): Promise<void> {
    return this.collect({ intent: 'reply', message, options });
  }

  /** Sends what belongs to the attempt; a context of more abilities adds what it knows. */
  protected collect(request: HandlerRequest): Promise<void> {
    return this.#sender.collect({ ...request, incoming: this.#incoming });
  }
}
