/** How a transport settles a delivery and what the handler sent. */
export type TransactionMode =
  /** Sends are confirmed first, then the delivery is settled; a crash in between repeats the sends. */
  | 'receive-only'
  /** Sends and settling are one transaction of the transport ({@link Delivery.settleWith}). */
  | 'sends-atomic-with-receive';

/**
 * What a transport can do, as data. The core reads it to choose a way or to refuse a configuration at start, the
 * conformance suite reads it to choose scenarios.
 */
export interface TransportCapabilities {
  /** The longest delay that the transport holds, in milliseconds; 0 means none. */
  readonly maxDelayMs: number;
  /** The step to which a delay is rounded up, in milliseconds. */
  readonly delayResolutionMs: number;
  /** The largest body, in bytes, with room for the headers of an error copy kept. */
  readonly maxBodyBytes: number;
  /** The same for published events, where it is less. */
  readonly maxEventBodyBytes?: number;
  /**
   * The most that names and values of all headers may take together, in bytes of UTF-8. Senders keep a part of it free
   * (a quarter, at most 32 KiB), in which delayed and error copies say what happened.
   */
  readonly maxHeaderBytes: number;
  /** Order per `partitionKey` across processes: `key` keeps order by key, `queue` by one consumer per queue. */
  readonly ordering: 'none' | 'key' | 'queue';
  /** Whether an ordered queue gets only events that are declared ordered. */
  readonly orderedEventsOnly?: boolean;
  readonly transactionModes: readonly TransactionMode[];
  /** Whether {@link Delivery.deliveryCount} counts the starts of all processes. */
  readonly deliveryCount: boolean;
  /** Whether the broker keeps a dead-letter place of its own that operations can read. */
  readonly nativeDeadLetter: boolean;
  /** The time from delivery to settlement that the broker allows without renewal, in milliseconds. */
  readonly deliveryDeadlineMs: number | undefined;
  /** Whether a held delivery is renewed until it is settled. */
  readonly renewal: boolean;
  /** Whether the broker drops expired messages by itself; the core checks on receive all the same. */
  readonly nativeExpiry: boolean;
  /** Whether several processes may consume one queue. */
  readonly competingConsumers: 'process' | 'machine' | 'network';
  /** Whether messages survive the end of all processes. */
  readonly durable: boolean;
  /** Embedded transports make their queues at start without being asked. */
  readonly embedded: boolean;
}
