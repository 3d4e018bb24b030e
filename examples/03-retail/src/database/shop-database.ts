import type { Persistence } from '@busbar/core';

/** What a column of the shop holds. */
export type Value = string | number | null;

/** Statements for either database: parameters are `$1` and so on, and the dialect is what both understand. */
export interface Sql {
  rows(statement: string, ...values: readonly Value[]): Promise<readonly Row[]>;
  /** On SQLite the statement is collected and runs with the commit. */
  run(statement: string, ...values: readonly Value[]): Promise<void>;
}

export type Row = Readonly<Record<string, unknown>>;

/** Where a service keeps its data, the outbox and its sagas. The repositories know this and no database. */
export abstract class ShopDatabase {
  abstract readonly persistence: Persistence;
  /** Statements in the transaction of a handler (`context.storage`) or of a session. */
  abstract within(transaction: unknown): Sql;
  /** Reads what is committed, outside any transaction. */
  abstract rows(statement: string, ...values: readonly Value[]): Promise<readonly Row[]>;
  /** Runs statements that change nothing where they ran before; any number of instances may start at once. */
  abstract prepare(tables: readonly string[]): Promise<void>;
  /** After the endpoint has stopped. */
  abstract close(): Promise<void>;
}
