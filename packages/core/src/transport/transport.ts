import type { ClaimStore } from '../claim-check/claim-store.ts';
import type { Logger } from '../observability/logger.ts';
import type { Clock } from '../time/clock.ts';
import type { TransportCapabilities } from './capabilities.ts';
import type { OnError, OnMessage } from './delivery.ts';
import type { DispatchResult, TransportOperation } from './operations.ts';

/**
 * A way to carry messages. The object is configuration only: it is checked when made and does no I/O before
 * {@link Transport.connect}. One transport object may be connected several times, once per endpoint.
 */
export interface Transport {
  /** For logs and diagnostics, such as `sqlite`. */
  readonly name: string;
  /** Where it goes, without secrets, such as `sqlite:.busbar/dev.db`. */
  readonly address: string;
  readonly capabilities: TransportCapabilities;
  /** Where bodies go that are too large for it, for endpoints whose `claimCheck` names no other store. */
  readonly claimStore?: ClaimStore;
  /**
   * Opens what the endpoint needs.
   *
   * @throws BusbarError TRANSPORT_UNAVAILABLE when the broker or file cannot be reached.
   */
  connect(host: TransportHost): Promise<TransportConnection>;
}

/** A transport that is named by a URL and loaded by `start()`; see `transportFrom`. */
export interface LazyTransport {
  /** The URL without secrets. */
  readonly address: string;
  load(): Promise<Transport>;
}

/** What the core gives to a transport. */
export interface TransportHost {
  /** For connection names and leases. */
  readonly endpoint: string;
  /** Unique among the running instances of the endpoint. */
  readonly instance: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Something that needs a human: reported to health and to the endpoint's critical-error hook. */
  readonly onCritical: (error: Error) => void;
}

/** An open transport. All members may be called at the same time. */
export interface TransportConnection {
  /**
   * Where the messages are, for a persistence that knows this transport and can join its transactions; means nothing to
   * anybody else. Absent where nothing can join.
   */
  readonly store?: object;
  /**
   * Sends all operations, each for itself: one result per operation, in order. Resolves when the broker has answered
   * for every one; a bad operation never changes the result of a neighbour. Operations of one call keep their order
   * per destination.
   *
   * @throws BusbarError only when nothing at all could be tried (TRANSPORT_UNAVAILABLE).
   */
  dispatch(operations: readonly TransportOperation[]): Promise<readonly DispatchResult[]>;
  /** A receiver that is not started yet. */
  createReceiver(settings: ReceiverSettings): Receiver;
  readonly subscriptions: Subscriptions;
  readonly queues: Queues;
  health(): TransportHealth;
  /** Flushes what was accepted, then closes. Receivers are stopped before. Idempotent. */
  close(): Promise<void>;
}

/** What the transport knows of itself. */
export interface TransportHealth {
  readonly connected: boolean;
  /** Why it is not connected, or what degrades it. */
  readonly problem?: string;
}

/** How a queue is received. */
export interface ReceiverSettings {
  readonly queue: string;
  /** The most messages that are handled at once; a whole number from 1. */
  readonly concurrency: number;
  /** A message that was delivered this often before is handled alone. */
  readonly suspicionAfter: number;
  /** Order per partition key across processes, where {@link TransportCapabilities.ordering} allows it. */
  readonly ordered: boolean;
}

/**
 * Fetches from one queue and calls back.
 *
 * - Calls `onMessage` at most `concurrency` times at once, with fresh copies of the headers.
 * - Messages with the same partition key are handled one after the other, in the order of the queue.
 * - When it throws, everything of the attempt is undone first; then `onError` decides and the receiver carries it out.
 * - When `onError` itself throws, the delivery is released, the receiver pauses with growing back-off, and the host's
 *   `onCritical` is called.
 */
export interface Receiver {
  readonly queue: string;
  /**
   * Begins to fetch. A stopped receiver may be started again.
   *
   * @throws BusbarError MISSING_QUEUE while the queue does not exist; the start may be tried again.
   */
  start(onMessage: OnMessage, onError: OnError): Promise<void>;
  /** The last value given holds; messages in flight are not disturbed. */
  changeConcurrency(concurrency: number): void;
  /**
   * Stops fetching, hands back what has not begun, waits for what has. When `signal` fires the signals of running
   * deliveries fire, they are given back, and the promise resolves: never a hang. Idempotent.
   */
  stop(signal: AbortSignal): Promise<void>;
  health(): ReceiverHealth;
}

/** Progress of a receiver. */
export interface ReceiverHealth {
  readonly queue: string;
  readonly receiving: boolean;
  /** Messages in a handler now. */
  readonly inFlight: number;
  /** Messages settled since the start. */
  readonly settled: number;
  /** Milliseconds, by the monotonic clock, since a message was last settled, or since the start. */
  readonly msSinceProgress: number;
  /** Why it does not fetch at the moment, such as a back-off. */
  readonly paused?: string;
  /** Why messages wait although there are free slots, such as a key whose messages fill all that is held. */
  readonly heldUp?: string;
}

/** Which queues get which topics. Idempotent, and safe from several processes at once. */
export interface Subscriptions {
  subscribe(queue: string, topics: readonly string[]): Promise<void>;
  unsubscribe(queue: string, topics: readonly string[]): Promise<void>;
  /** The topics that the queue is subscribed to, or undefined where the broker cannot tell. */
  list(queue: string): Promise<readonly string[] | undefined>;
}

/** A queue that should exist. */
export interface QueueDefinition {
  readonly name: string;
  /** Order per key across processes. */
  readonly ordered?: boolean;
  /** The queue disappears after this many milliseconds without a receiver; for reply queues. */
  readonly expiresUnusedMs?: number;
  /**
   * What the endpoint does with it: takes from it; keeps in it what is looked at and stays until somebody takes it out,
   * as in error and audit queues; or only sends to it, since it is another endpoint's.
   */
  readonly use?: 'receive' | 'archive' | 'send';
}

/** A message as operations see it: not received, only looked at. */
export interface StoredMessage {
  readonly nativeId: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** A queue as operations see it. */
export interface QueueInfo {
  readonly name: string;
  /** Messages that can be delivered now, the delayed ones not counted. */
  readonly ready: number;
  readonly delayed: number;
  readonly inFlight: number;
}

/** Making and looking at queues. */
export interface Queues {
  /** Makes what is missing. Idempotent, and safe from several processes at once. */
  provision(queues: readonly QueueDefinition[]): Promise<void>;
  /** The names, out of the given, that do not exist. */
  missing(queues: readonly string[]): Promise<readonly string[]>;
  list(): Promise<readonly QueueInfo[]>;
  /** The oldest messages of a queue, which stay where they are. */
  peek(queue: string, limit: number): Promise<readonly StoredMessage[]>;
  /**
   * Takes the messages out of `from` and puts them into `to`, unchanged but for `headers` (undefined removes one).
   * Each is confirmed in `to` before it leaves `from`. Returns how many were moved: one that is gone is not an error.
   */
  move(request: MoveRequest): Promise<number>;
  /**
   * Removes the queues with all that is in them and their subscriptions. For tools and tests: an endpoint never does it.
   * A queue that does not exist is not an error.
   */
  remove(queues: readonly string[]): Promise<void>;
}

/** See {@link Queues.move}. */
export interface MoveRequest {
  readonly from: string;
  readonly to: string;
  readonly nativeIds: readonly string[];
  readonly headers?: Readonly<Record<string, string | undefined>>;
}
