import type { Persistence } from '@busbar/core';
import type { TestDatabase } from '../../../../test/support/postgres/test-database.ts';
import type { DataLayer } from '../../src/data-layer.ts';
import type { PostgresOptions } from '../../src/postgres-options.ts';

/** The table that the libraries know under their own means. */
export const accountsTable =
  'CREATE TABLE accounts (id text PRIMARY KEY, account_balance integer NOT NULL)';

/** A library that handlers use, as the tests use it. */
export interface Library<Storage> {
  readonly name: string;
  /** Whether the persistence learns why a connection was lost; else the next attempt finds out. */
  readonly tellsLoss: boolean;
  /** @param max The connections of its pool. */
  open(database: TestDatabase, max: number): Promise<OpenLibrary<Storage>>;
}

/** On one database, with a pool of its own. */
export interface OpenLibrary<Storage> {
  readonly layer: DataLayer<Storage>;
  persistence(options?: PostgresOptions): Persistence<Storage>;
  /** Adds a row to {@link accountsTable}, by the library's own means. */
  addAccount(storage: Storage, id: string): Promise<void>;
  /** Runs what a handler should not, or what only tests need. */
  query(storage: Storage, text: string): Promise<readonly Record<string, unknown>[]>;
  /** A transaction of the user's own, which ends as `work` does. */
  transaction(work: (storage: Storage) => Promise<void>): Promise<void>;
  close(): Promise<void>;
}
