import { existsSync, realpathSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { BusbarError } from '@busbar/core';
import { inTransaction } from '../store/store-file.ts';
import { checkStatement, copyParameters } from './check-statement.ts';
import type {
  SqliteParameter,
  SqliteRow,
  SqliteStorage,
  SqliteTransaction,
} from './sqlite-storage.ts';
import { Statements } from './statements.ts';
import { TransactionFacade } from './transaction-facade.ts';

/** A transaction that its user has begun and will end, on a connection of the user's own. All is done at once. */
export class JoinedStorage implements SqliteStorage {
  readonly database: DatabaseSync;
  readonly #statements: Statements;

  constructor(database: DatabaseSync) {
    this.database = database;
    this.#statements = new Statements({
      prepare: (sql) => database.prepare(sql),
      get inTransaction() {
        return inTransaction(database);
      },
    });
  }

  get(sql: string, ...parameters: readonly SqliteParameter[]): SqliteRow | undefined {
    const values = this.#check(sql, parameters);
    return this.#statements.use(sql, values, (statement, given) => statement.get(...given));
  }

  all(sql: string, ...parameters: readonly SqliteParameter[]): readonly SqliteRow[] {
    const values = this.#check(sql, parameters);
    return this.#statements.use(sql, values, (statement, given) => statement.all(...given));
  }

  run(sql: string, ...parameters: readonly SqliteParameter[]): void {
    const values = this.#check(sql, parameters);
    this.#statements.use(sql, values, (statement, given) => statement.run(...given));
  }

  write(change: (transaction: SqliteTransaction) => unknown): void {
    this.checkTransaction();
    TransactionFacade.call(this.#statements, change);
  }

  /** @throws BusbarError INVALID_CONFIGURATION unless the connection has this very file open. */
  checkFile(path: string): void {
    const [main] = this.database.prepare('PRAGMA database_list').all();
    const file = main?.['file'];
    const opened = typeof file === 'string' && existsSync(file) ? realpathSync(file) : file;
    if (opened === path) return;
    throw invalid(
      `The transaction is on ${opened === '' ? 'a database in memory' : String(opened)}, but the endpoint keeps its data in ${path}.`,
      `Open the same file: new DatabaseSync('${path}').`,
    );
  }

  /** @throws BusbarError TRANSACTION_ENDED */
  checkTransaction(): void {
    if (inTransaction(this.database)) return;
    throw new BusbarError('TRANSACTION_ENDED', 'The connection has no transaction open.', {
      help: "Begin one with database.exec('BEGIN IMMEDIATE'), and end it when all that belongs to it is done.",
    });
  }

  #check(sql: string, parameters: readonly SqliteParameter[]): SqliteParameter[] {
    checkStatement(sql);
    this.checkTransaction();
    return copyParameters(sql, parameters);
  }
}

/**
 * The storage of a transaction that you have, for `session.within`: what is sent there leaves if and only if that
 * transaction commits. The connection has the endpoint's file open, and a transaction; keep that short, since all other
 * writers of the file wait for it, and await nothing in it that writes to the file by another way.
 */
export function sqliteStorageOf(database: DatabaseSync): SqliteStorage {
  return new JoinedStorage(database);
}

/** @throws BusbarError INVALID_CONFIGURATION */
export function asJoined(storage: SqliteStorage): JoinedStorage {
  if (storage instanceof JoinedStorage) return storage;
  throw invalid(
    'What was given as a transaction is no storage of a connection of yours.',
    'Give sqliteStorageOf(database), where `database` has a transaction open.',
  );
}

function invalid(message: string, help: string): BusbarError {
  return new BusbarError('INVALID_CONFIGURATION', message, {
    help,
    details: { setting: 'session.within' },
  });
}
