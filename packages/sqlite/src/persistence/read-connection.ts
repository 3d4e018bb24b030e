import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { checkStatement, copyParameters, misused } from './check-statement.ts';
import { persistenceError } from './persistence-error.ts';
import type { SqliteParameter } from './sqlite-storage.ts';
import { Statements } from './statements.ts';

/** SQLite's result code for a write where only reading is allowed. */
const readonlyCode = 8;
/** As long as SQLite itself may wait, and the event loop with it: nothing but a recovery makes readers wait at all. */
const busyTimeoutMs = 100;

/**
 * Reads what is committed, on a connection of its own that cannot write: a statement that would, such as one with
 * `RETURNING`, must not take place outside of the transaction of its attempt.
 */
export class ReadConnection {
  readonly #path: string;
  #database: DatabaseSync | undefined;
  #statements: Statements | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** @throws BusbarError STORAGE_MISUSED, TRANSACTION_ENDED, PERSISTENCE_UNAVAILABLE */
  read<T>(
    sql: string,
    parameters: readonly SqliteParameter[],
    run: (statement: StatementSync, values: SQLInputValue[]) => T,
  ): T {
    checkStatement(sql);
    const values = copyParameters(sql, parameters);
    try {
      this.#statements ??= this.#open();
      return this.#statements.use(sql, values, run);
    } catch (error) {
      if ((error as { readonly errcode?: unknown }).errcode === readonlyCode) {
        throw misused(
          `The statement "${sql.trim().slice(0, 200)}" writes, but get and all only read.`,
          'Write with `run`; what needs the result of a write belongs into a function given to `write`.',
          error,
        );
      }
      throw persistenceError(this.#path, error);
    }
  }

  close(): void {
    this.#database?.close();
    this.#database = undefined;
    this.#statements = undefined;
  }

  #open(): Statements {
    const database = new DatabaseSync(this.#path, { readOnly: true });
    try {
      database.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
    } catch (error) {
      database.close();
      throw error;
    }
    this.#database = database;
    return new Statements({ prepare: (sql) => database.prepare(sql), inTransaction: false });
  }
}
