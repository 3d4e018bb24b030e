import type { Headers } from '../headers.ts';
import type { Logger } from '../observability/logger.ts';
import type { Delivery } from '../transport/delivery.ts';
import type { DispatchResult, TransportOperation } from '../transport/operations.ts';
import type { TransportConnection } from '../transport/transport.ts';
import type { Clock } from '../time/clock.ts';
import type { OutboxStore } from './outbox-store.ts';
import type { SagaChange, SagaQuery, StoredSaga } from './stored-saga.ts';

/**
 * Where handlers keep their data, and the outbox and sagas theirs. `Storage` is what the user's data layer calls a
 * transaction; a handler gets it as `context.storage`.
 */
export interface Persistence<Storage = unknown> {
  /** For logs and diagnostics, such as `postgres`. */
  readonly name: string;
  readonly capabilities: PersistenceCapabilities;
  /**
   * Opens what the endpoint needs; makes its tables, or checks that they exist.
   *
   * @throws BusbarError PERSISTENCE_UNAVAILABLE when the database cannot be reached, MISSING_TABLE when it must not make
   * its tables and they do not exist.
   */
  connect(host: PersistenceHost): Promise<PersistenceConnection<Storage>>;
}

/** What a persistence can do, as data. */
export interface PersistenceCapabilities {
  /** Keeps deduplication records and outgoing messages, and with them transactional sessions. */
  readonly outbox: boolean;
  readonly sagas: boolean;
}

/** What the core gives to a persistence. */
export interface PersistenceHost {
  /** Deduplication is by endpoint: two endpoints may keep a record of one message each. */
  readonly endpoint: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The endpoint's own, for a persistence that keeps its data where this one keeps the messages. */
  readonly transport: TransportConnection;
}

/** An open persistence. All members may be called at the same time. */
export interface PersistenceConnection<Storage = unknown> {
  /**
   * Looks the message up and, when it is new, gives the session in which it is handled. A known message has no session:
   * its handlers are skipped. Implementations may begin their transaction here, together with the look-up, or at the
   * first use.
   */
  open(incoming: IncomingMessage): Promise<OpenedMessage<Storage>>;
  /** Begins a transaction that no message caused. What it commits has a record of its own in the outbox. */
  begin(): Promise<StorageSession<Storage>>;
  /**
   * Stores operations in a transaction that the caller has, and will end without telling. They leave by the relay, if and
   * only if it commits; no grace is kept for them (see {@link OutboxStore.claim}), as nobody else sends them.
   */
  join(storage: Storage, operations: readonly TransportOperation[]): Promise<void>;
  readonly outbox: OutboxStore;
  /**
   * Whether an error, from here or from a statement that a handler ran through its storage, means that the database is
   * away, so that no message can be handled for now. Absent where that cannot happen.
   */
  isOutage?(error: Error): boolean;
  /**
   * Whether an error, also one of a statement that a handler ran through its storage, means that the transaction lost against
   * another and may be tried again at once. Absent where that cannot happen.
   */
  isConflict?(error: Error): boolean;
  /** What degrades it, for health. */
  health?(): { readonly problem?: string };
  /** Flushes what was noted, then closes. Sessions have ended before. Idempotent. */
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
  /** Committed before, and perhaps not dispatched; `operations` are those without partition key. */
  | {
      readonly state: 'stored';
      readonly record: string;
      readonly operations: readonly TransportOperation[];
    }
  | { readonly state: 'dispatched' };

/** One attempt at one message: it ends with exactly one of `commit`, `commitAndDispatch` and `rollback`. */
export interface StorageSession<Storage = unknown> {
  readonly storage: Storage;
  /**
   * The saga as it is committed; within the transaction where the database has one. Nothing of the session's own
   * changes is seen, since they come with the commit.
   */
  findSaga(query: SagaQuery): Promise<StoredSaga | undefined>;
  /**
   * Commits what the handlers changed, the sagas and, where the session keeps a record, the outgoing operations with the
   * deduplication record, as one transaction. Operations with a partition key go to the lane of their key
   * ({@link OutboxStore.claimLane}), the others into the record.
   *
   * Throws without having committed anything. `rollback` is not called then.
   *
   * @throws BusbarError OUTBOX_CONFLICT when another attempt has stored the message first; SAGA_CONFLICT when a saga was
   * changed, or one of its correlation made, since it was looked for; TRANSACTION_ENDED when the handler ended the
   * transaction itself.
   */
  commit(changes: SessionChanges): Promise<CommitResult>;
  /**
   * Present where the messages are in the same store. Does what `commit` does, dispatches the operations and settles the
   * delivery for which the session was opened, all as one transaction; no operation is kept. Unless all results are
   * `confirmed` nothing of it was done; an operation that could have been stored says `confirmed` even then.
   *
   * @throws BusbarError as `commit` does, and DELIVERY_LOST
   */
  commitAndDispatch?(changes: SessionChanges): Promise<readonly DispatchResult[]>;
  rollback(): Promise<void>;
  /**
   * Ends the session over the head of a handler that may still use its storage: rolled back, locks free, and the storage of
   * no use afterwards. Its connection goes to nobody else while the handler could use it. `commit` and `rollback` after it
   * do nothing that counts. Absent where an open session holds nothing that others wait for.
   */
  abandon?(): Promise<void>;
}

/** What a session commits beside what was changed through its storage. */
export interface SessionChanges {
  /** Empty where the session keeps no record, but for `commitAndDispatch`. */
  readonly operations: readonly TransportOperation[];
  /** In the order in which they were made; at most one for each instance. */
  readonly sagas: readonly SagaChange[];
}

/** What became of the operations of a commit. */
export interface CommitResult {
  /** The record that keeps those without partition key until they are dispatched; undefined when there were none. */
  readonly record: string | undefined;
}
