/**
 * Every header name that Busbar writes or reads, in one place.
 *
 * Names are lower case and start with `busbar-`, except the W3C trace headers. Values are strings; times are RFC 3339
 * in UTC (`2026-03-01T12:00:00.000Z`); lists are joined with `;`.
 */
export const headerNames = {
  /** The logical id of the message. Never changes: not by a delay, a retry, the error queue or a replay. */
  messageId: 'busbar-message-id',
  /** The id of the message that this one belongs to; a reply carries the one of its request. */
  correlationId: 'busbar-correlation-id',
  /** Shared by everything that was caused by one first message. */
  conversationId: 'busbar-conversation-id',
  /** The id of the message whose handler sent this one. */
  relatedTo: 'busbar-related-to',
  /** `send`, `publish`, `reply`. */
  intent: 'busbar-intent',
  /** The queue to which a reply goes. */
  replyTo: 'busbar-reply-to',
  /** Type names, the most derived first, joined with `;`. */
  enclosedTypes: 'busbar-enclosed-types',
  contentType: 'busbar-content-type',
  timeSent: 'busbar-time-sent',
  /** The moment before which the message must not be delivered; set on delayed messages. */
  deliverAt: 'busbar-deliver-at',
  /** The moment after which the message must not be handled: the absolute time to be received. */
  expiresAt: 'busbar-expires-at',
  /** On a request: the moment after which nobody waits for the reply; the reply expires then. */
  replyExpiresAt: 'busbar-reply-expires-at',
  /** Messages with the same key are handled one after the other. */
  partitionKey: 'busbar-partition-key',
  originatingEndpoint: 'busbar-originating-endpoint',
  originatingHost: 'busbar-originating-host',
  processingEndpoint: 'busbar-processing-endpoint',
  processingHost: 'busbar-processing-host',
  processingStarted: 'busbar-processing-started',
  processingEnded: 'busbar-processing-ended',
  /** Delayed retries done so far. */
  delayedAttempts: 'busbar-delayed-attempts',
  /** Ordinal of this copy under its logical id, for brokers with a deduplication of their own. */
  copy: 'busbar-copy',
  failedQueue: 'busbar-failed-queue',
  failedAt: 'busbar-failed-at',
  failureCode: 'busbar-failure-code',
  failureType: 'busbar-failure-type',
  failureMessage: 'busbar-failure-message',
  failureStack: 'busbar-failure-stack',
  failureAttempts: 'busbar-failure-attempts',
  failureHandler: 'busbar-failure-handler',
  /** The claim under which the body was stored. */
  claim: 'busbar-claim',
  /** The saga instance for which the message is: a reply to what it sent, or its timeout. */
  sagaId: 'busbar-saga-id',
  sagaType: 'busbar-saga-type',
  /** `true` on a timeout: nothing but the saga that requested it gets it. */
  sagaTimeout: 'busbar-saga-timeout',
  /** The saga instance that sent the message. */
  originatingSagaId: 'busbar-originating-saga-id',
  originatingSagaType: 'busbar-originating-saga-type',
  traceparent: 'traceparent',
  tracestate: 'tracestate',
  baggage: 'baggage',
} as const;

/** The name of a header that Busbar knows. */
export type HeaderName = (typeof headerNames)[keyof typeof headerNames];

/** Headers as they travel: a flat map of strings. */
export type Headers = Readonly<Record<string, string>>;

/** Headers that may still be changed: a fresh copy that belongs to the one who holds it. */
export type MutableHeaders = Record<string, string>;

/** Why a message travels. */
export type Intent = 'send' | 'publish' | 'reply';
