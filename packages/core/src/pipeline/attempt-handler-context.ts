import type { EndpointServices } from '../endpoint/endpoint-services.ts';
import { BusbarError, asError } from '../errors.ts';
import type {
  AnyHandlerContext,
  PublishOptions,
  ReplyOptions,
  SendOptions,
} from '../handling/handler-context.ts';
import { type Headers, type Intent, headerNames } from '../headers.ts';
import { type Logger, withFields } from '../observability/logger.ts';
import { parseCount } from '../recoverability/attempt-count.ts';
import type { TransportOperation } from '../transport/operations.ts';
import { type Dispatch, DispatchBatch } from './dispatch-stage.ts';
import type { IncomingContext } from './incoming-context.ts';
import type { Outgoing, OutgoingRequest } from './outgoing.ts';
import { Sending } from './sending.ts';

const noOptions = Object.freeze({});
const added = Promise.resolve();

/** What a handler sees of its message and can do while it handles it. */
export class AttemptHandlerContext implements AnyHandlerContext {
  readonly #services: EndpointServices;
  readonly #outgoing: Outgoing;
  readonly #dispatch: Dispatch;
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
    this.#outgoing = outgoing;
    this.#dispatch = dispatch;
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
    return this.#collect('send', command, options);
  }

  sendLocal(command: object, options: SendOptions = noOptions): Promise<void> {
    return this.#collect('send', command, options, this.#services.inputQueue);
  }

  publish(event: object, options: PublishOptions = noOptions): Promise<void> {
    return this.#collect('publish', event, options);
  }

  reply(message: object, options: ReplyOptions = noOptions): Promise<void> {
    return this.#collect('reply', message, options);
  }

  #collect(intent: Intent, message: object, options: SendOptions, queue?: string): Promise<void> {
    const adding = this.#add({ intent, message, options, incoming: this.#incoming, queue });
    if (adding === undefined) return added;
    // The attempt awaits it too, so a failure that the handler does not look at is not unhandled: it fails the attempt.
    const sending = new Sending((resolve, reject) => {
      adding.then(resolve, reject);
    });
    this.#incoming.sending.push(sending);
    return sending;
  }

  /** Undefined once it is in the batch: by far the usual case, in which nothing can fail any more. */
  #add(request: OutgoingRequest): Promise<void> | undefined {
    try {
      this.#refuseIfEnded(request);
      const operation = this.#outgoing.prepare(request);
      if (operation instanceof Promise || request.options.dispatch === 'immediate') {
        return this.#addLater(request, operation);
      }
      this.#incoming.batch.push(operation);
      return undefined;
    } catch (error) {
      return Promise.reject(asError(error));
    }
  }

  async #addLater(
    request: OutgoingRequest,
    preparing: TransportOperation | Promise<TransportOperation>,
  ): Promise<void> {
    const operation = await preparing;
    if (request.options.dispatch === 'immediate') {
      await this.#dispatch(new DispatchBatch([operation], this.#incoming.delivery));
      return;
    }
    this.#refuseIfEnded(request);
    this.#incoming.batch.push(operation);
  }

  #refuseIfEnded({ message }: OutgoingRequest): void {
    if (!this.#incoming.ended) return;
    throw new BusbarError(
      'SEND_OUTSIDE_CONTEXT',
      `${message.constructor.name} was sent on the context of message ${this.#incoming.messageId} after its handlers had ended.`,
      {
        help: 'Await everything that the handler starts, or send with the endpoint itself once the handler is over.',
        details: { messageId: this.#incoming.messageId },
      },
    );
  }
}
