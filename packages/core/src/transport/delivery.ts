import type { BusbarError } from '../errors.ts';
import type { MutableHeaders } from '../headers.ts';
import type { DispatchResult, TransportOperation } from './operations.ts';

/** One message, held by one receiver until it is settled, released or lost. */
export interface Delivery {
  /** The broker's own id; never empty. */
  readonly nativeId: string;
  /** The queue that it came from. */
  readonly queue: string;
  /** The headers as received; {@link DeliveryAttempt} hands out a fresh copy per attempt. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** How often it was handed to a receiver, this time included. */
  readonly deliveryCount: number;
  /**
   * True when the transport knows, durably, that this message was handled alone (`DeliverySource.markAlone`) and
   * its process died over it.
   */
  readonly diedAlone: boolean;
  /** Why headers or body could not be read; then only `onError` is called. */
  readonly poison?: BusbarError;
  /**
   * True from the moment that the hold is lost or the shutdown deadline has passed. From then on nothing of the attempt
   * may be committed, dispatched or settled.
   */
  readonly lost: boolean;
  /** Fires when {@link Delivery.lost} becomes true. */
  readonly signal: AbortSignal;
  /** What the transport received, for those who know the broker. */
  readonly native?: unknown;
  /**
   * Stores all operations and settles the delivery as one transaction. Unless all results are `confirmed` nothing was
   * stored and the delivery is still held; an operation that could have been stored says `confirmed` even then. Present with the transaction mode `sends-atomic-with-receive`.
   *
   * An operation with the very bytes of {@link Delivery.body} is a copy of what the broker has already: no limit of size
   * keeps it out, or a message that somebody else could write would never reach the error queue.
   *
   * @throws BusbarError DELIVERY_LOST when the hold was lost; nothing was stored.
   */
  settleWith?(operations: readonly TransportOperation[]): Promise<readonly DispatchResult[]>;
}

/** One try at one delivery, as the receiver hands it to the core. */
export interface DeliveryAttempt {
  readonly delivery: Delivery;
  /** A fresh copy for this attempt: what the attempt changes is gone after it. */
  readonly headers: MutableHeaders;
  /** Attempts of this delivery that failed before, in this process. */
  readonly failures: number;
}

/** A failed attempt, after everything of it was undone. */
export interface FailedAttempt {
  readonly delivery: Delivery;
  /** A fresh copy of the headers as received. */
  readonly headers: MutableHeaders;
  /** Failed attempts of this delivery in this process, this one included. */
  readonly failures: number;
  readonly error: Error;
}

/** What the transport does with a delivery whose attempt failed. */
export type FailureDecision =
  /** The failure was dealt with (a copy is confirmed elsewhere, or it is discarded): settle. */
  | { readonly action: 'settle' }
  /** The failure was dealt with and {@link Delivery.settleWith} has settled it already. */
  | { readonly action: 'settled' }
  /** Again, on the delivery that is still held, after an optional pause. */
  | { readonly action: 'retry'; readonly afterMs?: number }
  /** Give it back; the broker delivers it again. */
  | { readonly action: 'release' };

/**
 * Handles one attempt. Resolving means that all of it is done; `'settled'` says that the delivery was settled with
 * {@link Delivery.settleWith} already.
 */
export type OnMessage = (attempt: DeliveryAttempt) => Promise<'settle' | 'settled'>;

/** Decides about a failed attempt. A rejection is critical: the delivery is released and the receiver pauses. */
export type OnError = (failure: FailedAttempt) => Promise<FailureDecision>;
