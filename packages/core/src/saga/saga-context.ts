import type { HandlerContext } from '../handling/handler-context.ts';
import type { ReplyOptions } from '../handling/send-options.ts';
import type { AnyReply } from '../message/message-brand.ts';
import type { AnyRoutes } from '../routing/routes.ts';
import type { Duration } from '../time/duration.ts';

/** When a timeout comes: after a time, or at a moment. One that has passed means now. */
export type TimeoutOptions =
  | { readonly delay: Duration; readonly deliverAt?: undefined }
  | { readonly deliverAt: Date; readonly delay?: undefined };

/**
 * What a handler of a saga knows and can do, beside what every handler can.
 *
 * What it sends carries the id of the instance, so that replies find it without correlation. The state is stored with the
 * commit of the attempt, or not at all.
 */
export interface SagaContext<
  State extends object = object,
  in R extends AnyRoutes = AnyRoutes,
  out Storage = unknown,
> extends HandlerContext<R, Storage> {
  /** Of this instance; never changes. */
  readonly sagaId: string;
  /** Change it, or put another in its place. It is stored as JSON, if that differs from what was stored before. */
  state: State;
  /**
   * Sends a message to this instance that comes later, to the handler that `onTimeout` names for its type. One that comes
   * when the instance has completed is dropped.
   *
   * @throws BusbarError INVALID_SAGA when nothing handles it, DELAY_TOO_LONG and what `send` throws; rejects
   */
  requestTimeout(message: AnyReply, options: TimeoutOptions): Promise<void>;
  /**
   * Answers the message that started this instance, with its correlation id.
   *
   * @throws BusbarError NO_REPLY_ADDRESS and what `send` throws; rejects
   */
  replyToOriginator(message: AnyReply, options?: ReplyOptions): Promise<void>;
  /** Ends the instance: it is removed when its handlers have ended, and nothing finds it any more. */
  complete(): void;
}

/** The context that fits every handler of a saga, whatever it names. Only the compiler ever has one. */
export type EverySagaContext = SagaContext<never, AnyRoutes, never>;
