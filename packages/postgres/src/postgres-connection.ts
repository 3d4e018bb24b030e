import {
  type IncomingMessage,
  type OpenedMessage,
  type OutboxStore,
  type PersistenceConnection,
  type PersistenceHost,
  type StorageSession,
  type TransportOperation,
  decodeOperations,
  encodeOperations,
} from '@busbar/core';
import { randomUUID } from 'node:crypto';
import type {
  DataLayer,
  OpenTransaction,
  SqlResult,
  SqlRunner,
  SqlStatement,
} from './data-layer.ts';
import type { PostgresSettings } from './postgres-options.ts';
import { isConflict, isOutage, sqlErrorOf } from './sql-error.ts';
import { commitError, joinConflict, unavailable } from './store/commit-error.ts';
import { outboxStatements } from './store/outbox-statements.ts';
import { PostgresOutbox } from './store/postgres-outbox.ts';
import { type Beginning, PostgresSession, laneValues } from './store/postgres-session.ts';
import { type SessionStatements, sessionStatements } from './store/session-statements.ts';
import { prepareTables } from './tables/prepare-tables.ts';
import { tableNames } from './tables/table-names.ts';

/** What an endpoint keeps in PostgreSQL. It has no connection of its own: the pool of the data layer has them all. */
export class PostgresConnection<Transaction> implements PersistenceConnection<Transaction> {
  readonly #layer: DataLayer<Transaction>;
  readonly #settings: PostgresSettings;
  readonly #endpoint: string;
  readonly #statements: SessionStatements;
  readonly #outbox: PostgresOutbox;
  /** Why the database could not be used when it was last asked; undefined when it could. */
  #problem: string | undefined;
  #closing: Promise<void> | undefined;

  /** @throws BusbarError as `Persistence.connect` does */
  static async open<Transaction>(
    layer: DataLayer<Transaction>,
    settings: PostgresSettings,
    host: PersistenceHost,
  ): Promise<PostgresConnection<Transaction>> {
    try {
      await prepareTables(layer, settings);
    } catch (error) {
      throw isOutage(error) || isRefusal(error) ? unavailable(error, layer.address) : error;
    }
    return new PostgresConnection(layer, settings, host);
  }

  constructor(
    layer: DataLayer<Transaction>,
    settings: PostgresSettings,
    { endpoint, clock, logger }: PersistenceHost,
  ) {
    const names = tableNames(settings);
    this.#layer = layer;
    this.#settings = settings;
    this.#endpoint = endpoint;
    this.#statements = sessionStatements(names);
    this.#outbox = new PostgresOutbox({
      runner: { run: (statement) => this.#run(statement) },
      statements: outboxStatements(names),
      endpoint,
      keepMs: settings.keepDeduplicationMs,
      clock,
      logger,
    });
  }

  get outbox(): OutboxStore {
    return this.#outbox;
  }

  async open({ messageId, outbox }: IncomingMessage): Promise<OpenedMessage<Transaction>> {
    const { lookUp, begin } = this.#statements;
    const statement = outbox ? lookUp([this.#endpoint, messageId]) : begin([]);
    const { transaction, row } = await this.#begin(statement, messageId);
    if ((row['message_id'] ?? null) === null) {
      return { state: 'new', session: this.#session(transaction, row, messageId, outbox) };
    }
    await transaction.rollback().catch(() => {});
    const { record, operations } = row;
    if (typeof record !== 'string' || typeof operations !== 'string')
      return { state: 'dispatched' };
    return { state: 'stored', record, operations: decodeOperations(operations) };
  }

  async begin(): Promise<StorageSession<Transaction>> {
    const { transaction, row } = await this.#begin(this.#statements.begin([]), undefined);
    return this.#session(transaction, row, undefined, true);
  }

  async join(storage: Transaction, operations: readonly TransportOperation[]): Promise<void> {
    const runner = this.#layer.within(storage);
    const { joinRecord, joinLanes } = this.#statements;
    const direct = operations.filter(({ partitionKey }) => partitionKey === undefined);
    const lanes = laneValues(operations);
    try {
      if (direct.length > 0) {
        await runner.run(joinRecord([this.#endpoint, randomUUID(), encodeOperations(direct)]));
      }
      if (lanes === undefined) return;
      await runner.run(joinLanes([this.#endpoint, lanes.keys, lanes.operations]));
    } catch (error) {
      throw isConflict(error) ? joinConflict(error) : this.#explain(error, undefined);
    }
  }

  isOutage(error: Error): boolean {
    return isOutage(error);
  }

  isConflict(error: Error): boolean {
    return isConflict(error);
  }

  health(): { readonly problem?: string } {
    return this.#problem === undefined ? {} : { problem: this.#problem };
  }

  close(): Promise<void> {
    this.#closing ??= this.#outbox.close();
    return this.#closing;
  }

  async #begin(
    statement: SqlStatement,
    messageId: string | undefined,
  ): Promise<{ transaction: OpenTransaction<Transaction>; row: SqlResult['rows'][number] }> {
    let transaction: OpenTransaction<Transaction> | undefined;
    try {
      transaction = await this.#layer.begin();
      const { rows } = await transaction.run(statement);
      this.#problem = undefined;
      return { transaction, row: rows[0] ?? {} };
    } catch (error) {
      await transaction?.rollback().catch(() => {});
      throw this.#explain(error, messageId);
    }
  }

  #session(
    transaction: OpenTransaction<Transaction>,
    row: SqlResult['rows'][number],
    messageId: string | undefined,
    outbox: boolean,
  ): StorageSession<Transaction> {
    return new PostgresSession(transaction, row as unknown as Beginning, {
      statements: this.#statements,
      settings: this.#settings,
      endpoint: this.#endpoint,
      messageId,
      outbox,
      runner: this.#layer,
    });
  }

  /** Beside the messages, on any connection. */
  async #run(statement: SqlStatement): ReturnType<SqlRunner['run']> {
    try {
      const result = await this.#layer.run(statement);
      this.#problem = undefined;
      return result;
    } catch (error) {
      throw this.#explain(error, undefined);
    }
  }

  #explain(error: unknown, messageId: string | undefined): Error {
    if (isOutage(error)) {
      const explained = unavailable(error, this.#layer.address);
      this.#problem = explained.message;
      return explained;
    }
    return commitError(error, {
      settings: this.#settings,
      endpoint: this.#endpoint,
      messageId,
    });
  }
}

/** Wrong passwords and names of databases: said as what they are, with where they were refused. */
function isRefusal(error: unknown): boolean {
  const code = sqlErrorOf(error)?.code ?? '';
  return code.startsWith('28') || code === '3D000';
}
