import type { SQLInputValue, SQLOutputValue, StatementResultingChanges } from 'node:sqlite';

/** What a statement takes: values for `?` in their order, or first an object for names such as `:total`. */
export type SqliteParameter = SQLInputValue | Readonly<Record<string, SQLInputValue>>;

/** A row by its columns. An integer beyond what a number counts exactly is an error: select it as text. */
export type SqliteRow = Record<string, SQLOutputValue>;

/**
 * What handlers get as `context.storage`: it reads at once and collects what is to be written, since no transaction of
 * SQLite may span an `await`. All that was collected is written in one transaction after the handlers have returned, in its
 * order, together with sagas and messages; when one statement fails none of it is.
 *
 * Statements that begin or end a transaction are refused, and so are those that change the connection (`ATTACH`, `DETACH`,
 * `PRAGMA`, `VACUUM`).
 */
export interface SqliteStorage {
  /**
   * The first row, as it is committed now; undefined when there is none. Nothing that the storage has collected is seen:
   * read in {@link SqliteStorage.write} what must still hold when it is written.
   *
   * @throws BusbarError STORAGE_MISUSED when the statement writes, PERSISTENCE_UNAVAILABLE
   */
  get(sql: string, ...parameters: readonly SqliteParameter[]): SqliteRow | undefined;
  /** All rows; else as {@link SqliteStorage.get}. */
  all(sql: string, ...parameters: readonly SqliteParameter[]): readonly SqliteRow[];
  /** Collects one statement. What is wrong with it, such as a constraint that it breaks, fails the attempt at its commit. */
  run(sql: string, ...parameters: readonly SqliteParameter[]): void;
  /**
   * Collects a function that is called inside of the transaction, where it sees what was collected before it. It is
   * synchronous and short, since all other writers wait for it, and repeatable: where a transaction is tried again it is
   * called again. What it throws fails the attempt.
   */
  write(change: (transaction: SqliteTransaction) => unknown): void;
}

/** The open transaction, while a function given to {@link SqliteStorage.write} runs. */
export interface SqliteTransaction {
  get(sql: string, ...parameters: readonly SqliteParameter[]): SqliteRow | undefined;
  all(sql: string, ...parameters: readonly SqliteParameter[]): readonly SqliteRow[];
  /** Runs at once. Tells how many rows were changed, and the id of the last one inserted. */
  run(sql: string, ...parameters: readonly SqliteParameter[]): StatementResultingChanges;
}
