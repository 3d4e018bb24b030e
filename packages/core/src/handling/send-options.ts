import type { Duration } from '../time/duration.ts';

/** What can be said about any outgoing message. */
export interface OutgoingMessageOptions {
  /**
   * How long the message is of use; it is dropped and counted when it is received later.
   *
   * @default what its type declares, else unlimited
   */
  readonly timeToBeReceived?: Duration;
  /**
   * The logical id, by which receivers deduplicate. Set it when the caller may repeat the call.
   *
   * @default a random UUID
   */
  readonly messageId?: string;
  /** Headers of your own. Names starting with `busbar-` are refused. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Messages with equal keys are handled one after the other: in one process always, across processes if `ordered`. */
  readonly partitionKey?: string;
  /**
   * `'immediate'` sends now, outside the batch of the attempt and its outbox: the message leaves even if the handler
   * fails afterwards, and again with each further attempt.
   *
   * @default with the batch, when all handlers have succeeded
   */
  readonly dispatch?: 'immediate';
}

/** Options of `send` and `sendLocal`. */
export interface SendOptions extends OutgoingMessageOptions {
  /** The endpoint to send to, whatever the routes say. */
  readonly destination?: string;
  /** Deliver after this time; not together with `deliverAt`. */
  readonly delay?: Duration;
  /** Deliver at this moment; not together with `delay`. A moment that has passed means now. */
  readonly deliverAt?: Date;
}

/** Options of `publish`. Events cannot be delayed, as their subscribers are found when they are published. */
export interface PublishOptions extends OutgoingMessageOptions {}

/** Options of `reply`; the destination is the address in the message that is answered. */
export interface ReplyOptions extends Omit<SendOptions, 'destination'> {}

/** Options of `request`. */
export interface RequestOptions extends Pick<
  SendOptions,
  'destination' | 'headers' | 'messageId' | 'partitionKey'
> {
  /**
   * How long to wait for the reply. The reply expires with it; the request itself may still be handled.
   *
   * @default the endpoint's `requestTimeout`
   */
  readonly timeout?: Duration;
  /** Gives the waiting up; the request itself may be handled all the same. */
  readonly signal?: AbortSignal;
}
