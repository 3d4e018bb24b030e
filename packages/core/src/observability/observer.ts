import type { Headers, MutableHeaders } from '../headers.ts';
import type { TransportOperation } from '../transport/operations.ts';

/** What happened to one message, or to the endpoint. */
export type Observation =
  | {
      readonly kind: 'handled';
      readonly queue: string;
      readonly headers: Headers;
      readonly durationMs: number;
    }
  | {
      readonly kind: 'failed';
      readonly queue: string;
      readonly headers: Headers;
      readonly error: Error;
    }
  | {
      readonly kind: 'immediate-retry';
      readonly queue: string;
      readonly headers: Headers;
      readonly attempt: number;
    }
  | {
      readonly kind: 'delayed-retry';
      readonly queue: string;
      readonly headers: Headers;
      readonly delayMs: number;
    }
  | {
      readonly kind: 'moved-to-error';
      readonly queue: string;
      readonly headers: Headers;
      readonly error: Error;
    }
  | {
      readonly kind: 'discarded';
      readonly queue: string;
      readonly headers: Headers;
      readonly reason: string;
    }
  | { readonly kind: 'expired'; readonly queue: string; readonly headers: Headers }
  | { readonly kind: 'deduplicated'; readonly queue: string; readonly headers: Headers }
  | { readonly kind: 'dispatched'; readonly operations: readonly TransportOperation[] }
  | { readonly kind: 'rate-limited'; readonly active: boolean }
  | { readonly kind: 'critical'; readonly error: Error };

/**
 * Watches an endpoint: traces, metrics, test spies. Every member is optional and is composed once, at start; an observer
 * that is not there costs nothing. What an observer throws is logged and changes nothing.
 */
export interface Observer {
  /** Called after the fact. */
  observe?(observation: Observation): void;
  /**
   * Runs around the whole processing of one attempt, to make a span current. The attempt is processed once and its outcome
   * is its own, whether or not `next` is called, and whatever is done with its promise.
   */
  process?(headers: Headers, queue: string, next: () => Promise<void>): Promise<void>;
  /** Called before an outgoing message is serialized, to add trace headers. */
  outgoing?(headers: MutableHeaders): void;
}
