import {
  type IncomingMessage,
  type OpenedMessage,
  type PersistenceConnection,
  type PersistenceHost,
  type StorageSession,
  type TransportOperation,
  BusbarError,
  decodeOperations,
} from '@busbar/core';
import { Dispatcher } from '../dispatcher.ts';
import type { StoreLease } from '../store/store-registry.ts';
import { SqliteDelivery } from '../store/sqlite-delivery.ts';
import { HandledTable } from './handled-table.ts';
import { asJoined } from './joined-storage.ts';
import { LaneTable } from './lane-table.ts';
import { OutboxWrites, encodeOutbox } from './outbox-writes.ts';
import { isOutage, persistenceError } from './persistence-error.ts';
import { ReadConnection } from './read-connection.ts';
import { RecordTable } from './record-table.ts';
import { SagaTable } from './saga-table.ts';
import { SqliteOutbox } from './sqlite-outbox.ts';
import { type SessionHome, SqliteSession } from './sqlite-session.ts';
import type { SqliteStorage } from './sqlite-storage.ts';
import { Statements } from './statements.ts';

/** What one endpoint keeps in a file. Looking up takes no transaction, and nothing is held while a handler runs. */
export class SqlitePersistenceConnection implements PersistenceConnection<SqliteStorage> {
  readonly outbox: SqliteOutbox;
  readonly #lease: StoreLease;
  readonly #endpointId: number;
  readonly #home: SessionHome;
  /** Present when the endpoint's messages are in the same store. */
  readonly #dispatcher: Dispatcher | undefined;
  #closing: Promise<void> | undefined;

  constructor(lease: StoreLease, host: PersistenceHost, endpointId: number, keepMs: number) {
    const { store } = lease;
    const { file } = store;
    this.#lease = lease;
    this.#endpointId = endpointId;
    this.#dispatcher = store === host.transport.store ? new Dispatcher(store) : undefined;
    const tables = {
      handled: new HandledTable(file, host.endpoint, endpointId),
      records: new RecordTable(file, endpointId),
      lanes: new LaneTable(file, endpointId),
    };
    this.#home = {
      store,
      tables,
      reader: new ReadConnection(file.path),
      statements: new Statements(file),
      sagas: new SagaTable(file),
      writes: new OutboxWrites(file, endpointId),
    };
    this.outbox = new SqliteOutbox(store, tables, host.logger, keepMs);
  }

  async open(incoming: IncomingMessage): Promise<OpenedMessage<SqliteStorage>> {
    this.#checkOpen();
    const { messageId, delivery, outbox } = incoming;
    const known = outbox ? this.#lookUp(messageId) : undefined;
    if (known !== undefined) return known;
    const shared = delivery instanceof SqliteDelivery ? this.#dispatcher : undefined;
    const session = new SqliteSession(this.#home, {
      ...(outbox ? { messageId } : {}),
      ...(shared === undefined ? {} : { delivery: delivery as SqliteDelivery, dispatcher: shared }),
    });
    return { state: 'new', session };
  }

  async begin(): Promise<StorageSession<SqliteStorage>> {
    this.#checkOpen();
    const dispatcher = this.#dispatcher;
    return new SqliteSession(this.#home, dispatcher === undefined ? {} : { dispatcher });
  }

  async join(storage: SqliteStorage, operations: readonly TransportOperation[]): Promise<void> {
    this.#checkOpen();
    const { file, clock } = this.#home.store;
    const joined = asJoined(storage);
    joined.checkFile(file.path);
    joined.checkTransaction();
    if (operations.length === 0) return;
    try {
      const writes = new OutboxWrites(joined.database, this.#endpointId);
      writes.store(encodeOutbox(operations), Math.floor(clock.now()), true);
    } catch (error) {
      throw persistenceError(file.path, error);
    }
  }

  isOutage(error: Error): boolean {
    return isOutage(error);
  }

  health(): { readonly problem?: string } {
    const { problem } = this.#home.store.trouble;
    return problem === undefined ? {} : { problem };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #lookUp(messageId: string): OpenedMessage<SqliteStorage> | undefined {
    const { store, tables } = this.#home;
    try {
      const known = tables.handled.find(messageId);
      if (known === undefined) return undefined;
      const record = String(known.outbox);
      if (known.operations === null || this.outbox.marks.has(record)) {
        return { state: 'dispatched' };
      }
      return { state: 'stored', record, operations: decodeOperations(known.operations) };
    } catch (error) {
      throw persistenceError(store.file.path, error);
    }
  }

  #checkOpen(): void {
    if (this.#closing === undefined) return;
    throw new BusbarError('PERSISTENCE_UNAVAILABLE', 'The persistence is closed.');
  }

  async #close(): Promise<void> {
    await this.outbox.marks.close();
    await this.#home.store.writer.idle();
    this.#home.reader.close();
    this.#lease.release();
  }
}
