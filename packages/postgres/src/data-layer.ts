/**
 * A data layer on PostgreSQL as the persistence sees it: where transactions begin, and how the statements of the outbox
 * and of sagas get into them. `Transaction` is what its users call one, and what handlers get as `context.storage`.
 */
export interface DataLayer<Transaction> extends SqlRunner {
  /** For logs and diagnostics, such as `kysely`. */
  readonly name: string;
  /** Host, port and database, where it tells, without secrets: for errors. */
  readonly address?: string | undefined;
  /** The size of the pool behind it, where it tells. */
  readonly mostConnections?: number | undefined;
  /** Begins a transaction on a connection of its own; waits for a free one. */
  begin(): Promise<OpenTransaction<Transaction>>;
  /** Runs statements in a transaction that its user has, and ends. */
  within(transaction: Transaction): SqlRunner;
}

/** Runs statements. */
export interface SqlRunner {
  run(statement: SqlStatement): Promise<SqlResult>;
}

/** A statement with its parameters, `$1` and so on. */
export interface SqlStatement {
  /** Equal for equal texts, so that it may be prepared under this name. */
  readonly name: string;
  readonly text: string;
  readonly values: readonly SqlValue[];
}

/** What a parameter may be; arrays become PostgreSQL arrays. */
export type SqlValue = string | number | null | readonly string[] | readonly number[];

/** What a statement gave. */
export interface SqlResult {
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  /** Rows given, or changed. */
  readonly count: number;
}

/** A transaction that the persistence has begun and ends with exactly one of `commit` and `rollback`. */
export interface OpenTransaction<Transaction> extends SqlRunner {
  readonly transaction: Transaction;
  /**
   * Runs `last`, if given, and commits, in one round trip where it can: the statement fails where the transaction must not
   * commit. Throws without having committed, and gives the connection back in any case.
   */
  commit(last?: SqlStatement): Promise<void>;
  rollback(): Promise<void>;
  /**
   * In place of both, over the head of who may still use `transaction`: ends its connection, where it can without waiting for
   * a statement that runs. Called once; `rollback` where it is absent.
   */
  abandon?(): Promise<void>;
}
