import {
  BusbarError,
  type CommitResult,
  type DispatchResult,
  type SagaQuery,
  type SessionChanges,
  type StorageSession,
  type StoredSaga,
  type TransportOperation,
  encodeOperations,
} from '@busbar/core';
import { type Dispatcher, allConfirmed, bytesOf } from '../dispatcher.ts';
import type { SharedStore } from '../store/shared-store.ts';
import type { SqliteDelivery } from '../store/sqlite-delivery.ts';
import type { Transaction } from '../store/writer.ts';
import { CollectingStorage } from './collecting-storage.ts';
import { type OutboxWrites, encodeOutbox } from './outbox-writes.ts';
import { persistenceError } from './persistence-error.ts';
import type { ReadConnection } from './read-connection.ts';
import type { SagaTable } from './saga-table.ts';
import type { OutboxTables } from './sqlite-outbox.ts';
import type { SqliteStorage } from './sqlite-storage.ts';
import type { Statements } from './statements.ts';

const confirmed: DispatchResult = Object.freeze({ outcome: 'confirmed' });

/** What all sessions of one endpoint share. */
export interface SessionHome {
  readonly store: SharedStore;
  readonly reader: ReadConnection;
  readonly statements: Statements;
  readonly sagas: SagaTable;
  readonly tables: OutboxTables;
  readonly writes: OutboxWrites;
}

/** For whom a session is. */
export interface SessionOrigin {
  /** The message that is recorded as handled. */
  readonly messageId?: string;
  /** The delivery that can be settled in the same transaction. */
  readonly delivery?: SqliteDelivery;
  /** Present when the messages are in the same store. */
  readonly dispatcher?: Dispatcher;
}

/** Nothing of it is in the file before its commit, which is one job of the writer. */
export class SqliteSession implements StorageSession<SqliteStorage> {
  readonly storage: CollectingStorage;
  /** A member that is absent where the messages are elsewhere, as the port has it. */
  readonly commitAndDispatch?: (changes: SessionChanges) => Promise<readonly DispatchResult[]>;
  readonly #home: SessionHome;
  readonly #origin: SessionOrigin;
  #over = false;

  constructor(home: SessionHome, origin: SessionOrigin) {
    this.#home = home;
    this.#origin = origin;
    this.storage = new CollectingStorage(home.reader);
    const { dispatcher } = origin;
    if (dispatcher !== undefined) {
      this.commitAndDispatch = (changes) => this.#commitAndDispatch(changes, dispatcher);
    }
  }

  async findSaga(query: SagaQuery): Promise<StoredSaga | undefined> {
    const { sagas, store } = this.#home;
    try {
      return sagas.find(query);
    } catch (error) {
      throw persistenceError(store.file.path, error);
    }
  }

  async commit(changes: SessionChanges): Promise<CommitResult> {
    const { tables, writes } = this.#home;
    const { messageId } = this.#origin;
    this.storage.end();
    const { operations, sagas } = changes;
    const writesNothing = this.storage.isEmpty && sagas.length === 0 && operations.length === 0;
    if (messageId === undefined && writesNothing) return { record: undefined };
    const encoded = encodeOutbox(operations);
    const { delivery } = this.#origin;
    const record = await this.#submit(encoded.bytes, (transaction) => {
      if (delivery !== undefined && isGone(delivery)) throw gone(delivery);
      const stored = writes.store(encoded, transaction.now, false);
      if (messageId !== undefined) tables.handled.insert(messageId, transaction.now, stored);
      this.#apply(changes);
      return stored;
    });
    return { record: record === undefined ? undefined : String(record) };
  }

  async rollback(): Promise<void> {
    this.#over = true;
    this.storage.end();
  }

  /** Nothing is open while a handler runs: it is a rollback, after which the handler can collect no more. */
  abandon(): Promise<void> {
    return this.rollback();
  }

  async #commitAndDispatch(
    changes: SessionChanges,
    dispatcher: Dispatcher,
  ): Promise<readonly DispatchResult[]> {
    const { store, tables } = this.#home;
    const { delivery, messageId } = this.#origin;
    this.storage.end();
    if (delivery?.lost === true) delivery.throwIfLost();
    const encoded = dispatcher.encode(changes.operations, delivery?.body);
    const commit = (transaction: Transaction): readonly DispatchResult[] => {
      if (delivery !== undefined && isGone(delivery)) throw gone(delivery);
      const checks = dispatcher.checkAll(encoded);
      if (!allConfirmed(checks)) return checks;
      if (messageId !== undefined) tables.handled.insert(messageId, transaction.now, undefined);
      if (delivery !== undefined) this.#remove(delivery);
      this.#apply(changes);
      const results = encoded.map((one) =>
        this.#waitsInLane(one.operation, transaction.now)
          ? confirmed
          : dispatcher.insert(one, transaction),
      );
      delivery?.home.noteSettled(delivery, transaction);
      return results;
    };
    try {
      const results = await this.#submit(bytesOf(encoded), commit);
      if (delivery !== undefined && allConfirmed(results)) {
        delivery.end();
        store.leases.drop(delivery);
      }
      return results;
    } catch (error) {
      const isLost = error instanceof BusbarError && error.code === 'DELIVERY_LOST';
      if (isLost) delivery?.lose('another receiver has it');
      throw error;
    }
  }

  /** What of its key was committed before and is still to be sent must not be overtaken. */
  #waitsInLane(operation: TransportOperation, now: number): boolean {
    const { tables, writes } = this.#home;
    const { delivery, messageId } = this.#origin;
    const { partitionKey: key } = operation;
    // Without an outbox nobody would send it.
    if (key === undefined || (delivery !== undefined && messageId === undefined)) return false;
    if (!tables.lanes.isWaiting(key)) return false;
    writes.append({ key, operation: encodeOperations([operation]) }, now, 0);
    return true;
  }

  #remove(delivery: SqliteDelivery): void {
    const { messages } = this.#home.store;
    if (!messages.delete(delivery.from.id, delivery.row, delivery.lease)) throw gone(delivery);
  }

  /** The sagas first, so that a conflict is found before anything of the user's is run in vain. */
  #apply({ sagas }: SessionChanges): void {
    this.#home.sagas.apply(sagas);
    this.storage.apply(this.#home.statements);
  }

  async #submit<T>(bytes: number, run: (transaction: Transaction) => T): Promise<T> {
    const { store } = this.#home;
    try {
      const runUnlessOver = (transaction: Transaction): T => {
        // Its end may have come after the commit was asked for, as long as nothing is written.
        if (this.#over) throw ended();
        return run(transaction);
      };
      return await store.writer.submitApart(runUnlessOver, true, bytes + this.storage.bytes);
    } catch (error) {
      throw persistenceError(store.file.path, error);
    }
  }
}

/** From then on another attempt may handle the message. */
function isGone(delivery: SqliteDelivery): boolean {
  return delivery.knownLost || delivery.ended;
}

function ended(): BusbarError {
  return new BusbarError(
    'TRANSACTION_ENDED',
    'The session was to commit after it had been rolled back; nothing of it was written.',
    { help: 'Begin a session anew.' },
  );
}

function gone(delivery: SqliteDelivery): BusbarError {
  return delivery.gone('another receiver has it');
}
