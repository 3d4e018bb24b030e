import { randomUUID } from 'node:crypto';
import {
  type AnyMessage,
  type AnyRoutes,
  BusbarError,
  type HandlerContext,
  type Headers,
  type Logger,
  type MessageType,
  type PublishOptions,
  type ReplyOptions,
  type SendOptions,
  definitionOf,
} from '@busbar/core';
import { CapturedLogger } from './captured-logger.ts';
import { instancesOf } from './instances-of.ts';

/** What a fake context starts with. */
export interface FakeHandlerContextOptions<Storage = unknown> {
  /** @default a random UUID */
  readonly messageId?: string;
  /** @default the message id */
  readonly correlationId?: string;
  /** @default the message id */
  readonly conversationId?: string;
  readonly headers?: Headers;
  /** Give `undefined` for a sender that cannot receive. @default 'sender' */
  readonly replyTo?: string | undefined;
  /** @default one that never fires */
  readonly signal?: AbortSignal;
  /** What the handler gets as `context.storage`. */
  readonly storage?: Storage;
  /** @default the first attempt */
  readonly attempt?: { readonly immediate: number; readonly delayed: number };
}

/** Something that a handler did with a fake context. */
export interface FakeOutgoing {
  readonly how: 'send' | 'sendLocal' | 'publish' | 'reply';
  readonly message: AnyMessage;
  readonly options: SendOptions;
}

/** A handler context that carries nothing and remembers everything, to test one handler without an endpoint. */
export class FakeHandlerContext<
  R extends AnyRoutes = AnyRoutes,
  Storage = unknown,
> implements HandlerContext<R, Storage> {
  readonly messageId: string;
  readonly correlationId: string;
  readonly conversationId: string;
  readonly headers: Headers;
  readonly replyTo: string | undefined;
  readonly signal: AbortSignal;
  readonly storage: Storage;
  readonly log: Logger & Pick<CapturedLogger, 'entries' | 'messages'> = new CapturedLogger();
  readonly attempt: { readonly immediate: number; readonly delayed: number };
  /** Everything that was sent, published or replied, in order. */
  readonly outgoing: FakeOutgoing[] = [];
  #stopped = false;

  constructor(options: FakeHandlerContextOptions<Storage> = {}) {
    this.messageId = options.messageId ?? randomUUID();
    this.correlationId = options.correlationId ?? this.messageId;
    this.conversationId = options.conversationId ?? this.messageId;
    this.headers = options.headers ?? {};
    this.replyTo = 'replyTo' in options ? options.replyTo : 'sender';
    this.signal = options.signal ?? new AbortController().signal;
    this.storage = options.storage as Storage;
    this.attempt = options.attempt ?? { immediate: 0, delayed: 0 };
  }

  /** Whether the handler asked that later ones are skipped. */
  get stopped(): boolean {
    return this.#stopped;
  }

  send(command: object, options: SendOptions = {}): Promise<void> {
    return this.#add('send', command, options);
  }

  sendLocal(command: object, options: SendOptions = {}): Promise<void> {
    return this.#add('sendLocal', command, options);
  }

  publish(event: object, options: PublishOptions = {}): Promise<void> {
    return this.#add('publish', event, options);
  }

  reply(message: object, options: ReplyOptions = {}): Promise<void> {
    if (this.replyTo === undefined) {
      const text = `${message.constructor.name} cannot be sent as a reply: the message names no address.`;
      return Promise.reject(new BusbarError('NO_REPLY_ADDRESS', text));
    }
    return this.#add('reply', message, options);
  }

  stopHandlers(): void {
    this.#stopped = true;
  }

  /** Commands of this type that were sent, to this endpoint too. */
  sent<M extends AnyMessage>(type: MessageType<M>): readonly M[] {
    return this.#of(type, ['send', 'sendLocal']);
  }

  /** Events of this type, derived ones included, that were published. */
  published<M extends AnyMessage>(type: MessageType<M>): readonly M[] {
    return this.#of(type, ['publish']);
  }

  /** Replies of this type. */
  replied<M extends AnyMessage>(type: MessageType<M>): readonly M[] {
    return this.#of(type, ['reply']);
  }

  async #add(how: FakeOutgoing['how'], message: object, options: SendOptions): Promise<void> {
    definitionOf(message);
    this.outgoing.push({ how, message: message as AnyMessage, options });
  }

  #of<M extends AnyMessage>(
    type: MessageType<M>,
    ways: readonly FakeOutgoing['how'][],
  ): readonly M[] {
    const chosen = this.outgoing.filter(({ how }) => ways.includes(how));
    return instancesOf(
      type,
      chosen.map(({ message }) => message),
    );
  }
}

/**
 * A context for a unit test of one handler. Name the routes and the storage as the handler does:
 * `fakeHandlerContext<typeof routes, Transaction>({ storage })`.
 *
 * It checks that what is sent is a message, and leaves routes, schemas and sizes to the harness.
 */
export function fakeHandlerContext<R extends AnyRoutes = AnyRoutes, Storage = unknown>(
  options: FakeHandlerContextOptions<Storage> = {},
): FakeHandlerContext<R, Storage> {
  return new FakeHandlerContext<R, Storage>(options);
}
