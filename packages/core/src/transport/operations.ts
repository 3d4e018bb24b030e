import type { Headers } from '../headers.ts';

/** What is sent: headers and bytes. The logical id is in the headers (`busbar-message-id`). */
export interface OutgoingMessage {
  readonly headers: Headers;
  readonly body: Uint8Array;
}

/** To exactly one queue; a queue that does not exist is `undeliverable`. */
export interface QueueDestination {
  readonly kind: 'queue';
  readonly queue: string;
}

/**
 * To every queue subscribed to at least one of `topics`, one copy each, however many of them it subscribed to. The most
 * derived topic comes first. No subscriber is not an error.
 */
export interface TopicDestination {
  readonly kind: 'topic';
  readonly topics: readonly string[];
  /** The event is declared ordered: queues that keep order across processes get it too. */
  readonly ordered?: boolean;
}

/** One thing to do in a dispatch. Plain data but for the bytes: it survives a round trip through an outbox. */
export interface TransportOperation {
  readonly message: OutgoingMessage;
  readonly destination: QueueDestination | TopicDestination;
  /** Wall-clock milliseconds before which the message must not be delivered. Absent: now. */
  readonly deliverAt?: number;
  /**
   * Wall-clock milliseconds after which the broker may drop the message. Only an optimisation, the core checks the
   * header on receive; never set on delays, retries, error and audit copies.
   */
  readonly expiresAt?: number;
  /** Messages of one key keep their order where the transport and the queue do that. */
  readonly partitionKey?: string;
  /** For the transport alone: settings that must survive an outbox. */
  readonly properties?: Readonly<Record<string, string>>;
}

/** What became of one operation. */
export type DispatchResult =
  /** The broker has it, durably. `nativeId` is the broker's own name of it. */
  | { readonly outcome: 'confirmed'; readonly nativeId?: string }
  /** It reached no queue, or never can: nothing was stored. */
  | { readonly outcome: 'undeliverable'; readonly reason: string }
  /** No confirm came: it may or may not be stored. */
  | { readonly outcome: 'unknown'; readonly reason: string };
