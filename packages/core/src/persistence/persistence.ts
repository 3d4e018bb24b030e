import type { Headers } from '../headers.ts';
import type { Logger } from '../observability/logger.ts';
import type { Delivery } from '../transport/delivery.ts';
import type { TransportOperation } from '../transport/operations.ts';
import type { Clock } from '../time/clock.ts';

/**
 * Where handlers keep their data, and the outbox and sagas theirs. `Storage` is what the user's data layer calls a
 * transaction; a handler gets it as `context.storage`.
 */
export interface Persistence<Storage = unknown> {
  /** For logs and diagnostics, such as `postgres`. */
  readonly name: string;
  readonly capabilities: PersistenceCapabilities;
  /** Opens what the endpoint needs; checks that tables exist. */
  connect(host: PersistenceHost): Promise<PersistenceConnection<Storage>>;
}

/** What a persistence can do, as data. */
export interface PersistenceCapabilities {
  readonly outbox: boolean;
}

/** What the core gives to a persistence. */
export interface PersistenceHost {
  /** Deduplication is by endpoint: two endpoints may keep a record of one message each. */
  readonly endpoint: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** An open persistence. */
export interface PersistenceConnection<Storage = unknown> {
  /**
   * Looks the message up and, when it is new, gives the session in which it is handled. A known message has no session:
   * its handlers are skipped. Implementations may begin their transaction here, together with the look-up, or at the
   * first use.
   */
  open(incoming: IncomingMessage): Promise<OpenedMessage<Storage>>;
  /**
   * Notes that everything of the record was dispatched. May be batched behind the acknowledgement: a crash in between
   * costs a repeated dispatch with the same ids, never a loss.
   */
  markDispatched(messageId: string): Promise<void>;
  close(): Promise<void>;
}

/** The message for which a session is opened. */
export interface IncomingMessage {
  readonly messageId: string;
  /** For those who choose a tenant by a header. */
  readonly headers: Headers;
  /** For a persistence that shares a store with the transport and can join its transaction. */
  readonly delivery: Delivery;
  /** Whether the message is looked up, and a record of it kept. */
  readonly outbox: boolean;
}

/** See {@link PersistenceConnection.open}. */
export type OpenedMessage<Storage> =
  | { readonly state: 'new'; readonly session: StorageSession<Storage> }
  | { readonly state: 'stored'; readonly operations: readonly StoredOperation[] }
  | { readonly state: 'dispatched' };

/** One attempt at one message: it ends with exactly one of `commit` and `rollback`. */
export interface StorageSession<Storage = unknown> {
  readonly storage: Storage;
  /**
   * Commits what the handlers changed and, with an outbox, `outgoing` and the deduplication record with it.
   *
   * @throws BusbarError OUTBOX_CONFLICT when another attempt has stored the message first; nothing was committed.
   */
  commit(outgoing: readonly StoredOperation[]): Promise<void>;
  rollback(): Promise<void>;
}

/** A transport operation as plain JSON: the body is base64. */
export interface StoredOperation extends Omit<TransportOperation, 'message'> {
  readonly headers: Headers;
  readonly body: string;
}
