import { randomUUID } from 'node:crypto';
import {
  type CommitResult,
  type SagaChange,
  type SagaQuery,
  type SessionChanges,
  type StorageSession,
  type StoredSaga,
  type TransportOperation,
  encodeOperations,
} from '@busbar/core';
import type { OpenTransaction, SqlRunner, SqlStatement } from '../data-layer.ts';
import { isConflict } from '../sql-error.ts';
import { endConnection } from '../end-connection.ts';
import { type Committer, commitError, sagaConflict } from './commit-error.ts';
import type { SessionStatements } from './session-statements.ts';

/** What a session needs beside its transaction. */
export interface SessionOwner extends Committer {
  readonly statements: SessionStatements;
  /** Whether the message, or without one the operations, are kept. */
  readonly outbox: boolean;
  /** Beside the transaction, on any connection. */
  readonly runner: SqlRunner;
}

/** Which transaction of the server a session is. */
export interface Beginning {
  /** When it began: what our statements make sure of. */
  readonly begun: string;
  readonly process: string;
}

const nothingStored: CommitResult = { record: undefined };
const ignore = (): void => {};

/** One transaction of the data layer, from its begin to its end. */
export class PostgresSession<Transaction> implements StorageSession<Transaction> {
  readonly storage: Transaction;
  readonly #transaction: OpenTransaction<Transaction>;
  readonly #owner: SessionOwner;
  readonly #begun: string;
  readonly #process: string;
  #ending: 'no' | 'ordinary' | 'abandoned' = 'no';

  constructor(
    transaction: OpenTransaction<Transaction>,
    { begun, process }: Beginning,
    owner: SessionOwner,
  ) {
    this.storage = transaction.transaction;
    this.#transaction = transaction;
    this.#begun = begun;
    this.#process = process;
    this.#owner = owner;
  }

  async findSaga({ type, by, value, lock }: SagaQuery): Promise<StoredSaga | undefined> {
    const find = this.#owner.statements.findSaga[by];
    const statement = (lock ? find.locked : find.plain)([type, value]);
    try {
      const { rows } = await this.#transaction.run(statement);
      return rows[0] === undefined ? undefined : toSaga(rows[0]);
    } catch (error) {
      throw commitError(error, this.#owner);
    }
  }

  async commit({ operations, sagas }: SessionChanges): Promise<CommitResult> {
    if (this.#ending === 'abandoned') return nothingStored;
    this.#ending = 'ordinary';
    const direct = operations.filter(({ partitionKey }) => partitionKey === undefined);
    const record = direct.length === 0 ? undefined : randomUUID();
    try {
      await this.#store(operations, sagas);
    } catch (error) {
      await this.rollback();
      throw commitError(error, this.#owner);
    }
    try {
      await this.#transaction.commit(this.#last(record, direct));
    } catch (error) {
      throw commitError(error, this.#owner);
    }
    return { record };
  }

  /** One that fails has ended all the same, with its connection. */
  async rollback(): Promise<void> {
    if (this.#ending === 'abandoned') return;
    this.#ending = 'ordinary';
    await this.#transaction.rollback().catch(ignore);
  }

  /** Too late, and without effect, once its end has begun. */
  async abandon(): Promise<void> {
    if (this.#ending !== 'no') return;
    this.#ending = 'abandoned';
    const transaction = this.#transaction;
    const ended = transaction.abandon?.() ?? transaction.rollback();
    const left = this.#owner.runner.run(endConnection([this.#process, this.#begun]));
    await Promise.all([ended.catch(ignore), left.catch(ignore)]);
  }

  async #store(
    operations: readonly TransportOperation[],
    sagas: readonly SagaChange[],
  ): Promise<void> {
    for (const change of sagas) await this.#change(change);
    const { statements, endpoint } = this.#owner;
    const lanes = laneValues(operations);
    if (lanes === undefined) return;
    await this.#transaction.run(
      statements.storeLanes([this.#begun, endpoint, lanes.keys, lanes.operations]),
    );
  }

  async #change({ kind, saga }: SagaChange): Promise<void> {
    const { type, id, version } = saga;
    const details = { type, id, version, messageId: this.#owner.messageId };
    const { count } = await this.#transaction
      .run(this.#changing({ kind, saga }))
      .catch((error: unknown) => {
        if (!isConflict(error)) throw error;
        throw sagaConflict(`Saga ${type} ${id} is changed by another transaction.`, details, error);
      });
    if (count > 0 || kind === 'insert') return;
    throw sagaConflict(
      `Saga ${type} ${id} is no longer in the version that the handler was given.`,
      details,
    );
  }

  #changing({ kind, saga }: SagaChange): SqlStatement {
    const { insertSaga, updateSaga, removeSaga } = this.#owner.statements;
    const { type, id, correlation, version, state } = saga;
    switch (kind) {
      case 'insert':
        return insertSaga([this.#begun, type, id, correlation ?? null, version, state]);
      case 'update':
        return updateSaga([this.#begun, type, id, version - 1, version, state]);
      case 'remove':
        return removeSaga([this.#begun, type, id, version]);
    }
  }

  /** What is stored in one round trip with the commit, and keeps a transaction from it that is not ours any more. */
  #last(record: string | undefined, direct: readonly TransportOperation[]): SqlStatement {
    const { statements, endpoint, messageId, outbox } = this.#owner;
    const begun = this.#begun;
    if (!outbox || messageId === undefined) {
      if (record === undefined) return statements.guard([begun]);
      return statements.storeRecord([begun, endpoint, record, encodeOperations(direct)]);
    }
    if (record === undefined) return statements.storeHandled([begun, endpoint, messageId]);
    const stored = encodeOperations(direct);
    return statements.storeHandledAndRecord([begun, endpoint, messageId, record, stored]);
  }
}

/** The operations with a partition key, in their order; undefined when there are none. */
export function laneValues(
  operations: readonly TransportOperation[],
): { readonly keys: readonly string[]; readonly operations: readonly string[] } | undefined {
  const keyed = operations.filter(({ partitionKey }) => partitionKey !== undefined);
  if (keyed.length === 0) return undefined;
  return {
    keys: keyed.map(({ partitionKey }) => partitionKey ?? ''),
    operations: keyed.map((operation) => encodeOperations([operation])),
  };
}

function toSaga(row: Readonly<Record<string, unknown>>): StoredSaga {
  const { correlation, ...saga } = row as unknown as StoredSaga;
  return { ...saga, correlation: correlation ?? undefined };
}
