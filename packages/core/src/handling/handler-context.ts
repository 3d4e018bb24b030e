import type { Headers } from '../headers.ts';
import type { AnyReply } from '../message/message-brand.ts';
import type { Logger } from '../observability/logger.ts';
import type { AnyRoutes } from '../routing/routes.ts';
import type { MessageSender } from './sender.ts';
import type { ReplyOptions } from './send-options.ts';

export type { PublishOptions, ReplyOptions, RequestOptions, SendOptions } from './send-options.ts';

/**
 * What a handler knows about the message that it handles, and what it can do while it handles it.
 *
 * What is sent here leaves when all handlers have succeeded, together with what they stored; a throw drops it. Name
 * `typeof routes` to have `send` take routed commands only, and the type of your transaction for `storage`.
 */
export interface HandlerContext<
  in R extends AnyRoutes = AnyRoutes,
  out Storage = unknown,
> extends MessageSender<R> {
  /** The logical id: the same through retries, delays and replays. */
  readonly messageId: string;
  readonly correlationId: string;
  /** Shared by everything that was caused by one first message. */
  readonly conversationId: string;
  readonly headers: Headers;
  /** Where a reply goes; undefined when the sender cannot receive one. */
  readonly replyTo?: string | undefined;
  /**
   * Fires when the delivery is lost or the endpoint can wait no longer. What the handler does afterwards is not
   * committed and nothing of it is sent, so it may as well end; give the signal to whatever can be aborted.
   */
  readonly signal: AbortSignal;
  /** The transaction of this attempt, as the persistence calls it. */
  readonly storage: Storage;
  /** Carries the id and type of the message in every line. */
  readonly log: Logger;
  /** How many attempts failed before this one: since it was received, and in all earlier delayed retries. */
  readonly attempt: { readonly immediate: number; readonly delayed: number };
  /**
   * Answers the message, at the address that it came with.
   *
   * @throws BusbarError NO_REPLY_ADDRESS and what `send` throws; rejects
   */
  reply(message: AnyReply, options?: ReplyOptions): Promise<void>;
  /** Skips the handlers that would come after this one; the message counts as handled. */
  stopHandlers(): void;
}

/** A context as the framework makes it: it lets every command through and finds the route when it is sent. */
export type AnyHandlerContext = HandlerContext;

/** The context that fits every handler, whatever routes and storage it names. Only the compiler ever has one. */
export type EveryHandlerContext = HandlerContext<AnyRoutes, never>;
