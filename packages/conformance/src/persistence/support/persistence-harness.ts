import type { Clock, Persistence, Transport } from '@busbar/core';

/**
 * One store, isolated or shared: endpoints, messages, sagas and keys of a test carry random letters. At least four
 * transactions may be open in it at the same time.
 */
export interface PersistenceHarness<Storage = unknown> {
  /** Connected several times by most tests; all connections reach the same data. */
  readonly persistence: Persistence<Storage>;
  /** Sets `key` to `value` as a handler would: through its storage, kept only if it commits. */
  write(storage: Storage, key: string, value: string): Promise<void> | void;
  /** The committed value, read past every session; undefined when there is none. */
  read(key: string): Promise<string | undefined> | string | undefined;
  /**
   * What the endpoints of the test send by: the one that shares the store with the persistence, where there is one.
   *
   * @default a transport in memory
   */
  readonly transport?: Transport;
  /** What the persistence is given as its clock. @default the machine's */
  readonly clock?: Clock;
  /**
   * Makes time pass for the store: by moving its clock, or by making all that it holds that much older.
   *
   * @default waits
   */
  advance?(ms: number): Promise<void> | void;
  /**
   * How long the persistence remembers handled messages, in milliseconds. Without `advance` a few seconds: the tests wait
   * for it.
   */
  readonly keepMs?: number;
  /** Whether `findSaga` with `lock` keeps others from changing the saga. @default false */
  readonly locks?: boolean;
  /** Begins a transaction of the user's own, for `join`. One is open at a time. */
  begin?(): Promise<OwnTransaction<Storage>>;
  /**
   * Adds `text` to the end of the value of `key` in one statement, so that two transactions which do so commit one after
   * the other: shows in which order they did.
   */
  append?(storage: Storage, key: string, text: string): Promise<void> | void;
  /** Ends the transaction of a session behind its back, as a careless handler would. */
  endTransaction?(storage: Storage, how: 'commit' | 'rollback'): Promise<void> | void;
  /** Cuts all connections to the database that are open; new ones can be made at once. */
  breakConnections?(): Promise<void>;
  /** Ends everything; called when the connections are closed, also after a failed test. */
  close?(): Promise<void> | void;
}

/** A transaction that its user began and ends, with exactly one of `commit` and `rollback`. */
export interface OwnTransaction<Storage = unknown> {
  readonly storage: Storage;
  commit(): Promise<void> | void;
  rollback(): Promise<void> | void;
}

/** The parts of a {@link PersistenceHarness} that a persistence may be unable to offer. */
export type PersistenceHook = 'keepMs' | 'begin' | 'append' | 'endTransaction' | 'breakConnections';
