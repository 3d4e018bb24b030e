import type { StatementResultingChanges } from 'node:sqlite';
import { BusbarError } from '@busbar/core';
import { misused } from './check-statement.ts';
import { ChangeFailed } from './persistence-error.ts';
import type { SqliteParameter, SqliteRow, SqliteTransaction } from './sqlite-storage.ts';
import type { Statements } from './statements.ts';

/** The transaction for one call of a user's function; afterwards it refuses. */
export class TransactionFacade implements SqliteTransaction {
  readonly #statements: Statements;
  readonly #failures: unknown[] = [];
  #lost: BusbarError | undefined;
  #ended = false;

  constructor(statements: Statements) {
    this.#statements = statements;
  }

  /**
   * Calls the function.
   *
   * @throws ChangeFailed with what the function threw, unless that came from the database
   * @throws BusbarError STORAGE_MISUSED when it returned a promise, TRANSACTION_ENDED when it went on after a statement
   * had rolled back
   */
  static call(statements: Statements, change: (transaction: SqliteTransaction) => unknown): void {
    const facade = new TransactionFacade(statements);
    let returned: unknown;
    try {
      returned = change(facade);
    } catch (error) {
      throw facade.#failures.includes(error) ? error : new ChangeFailed(error);
    } finally {
      facade.#ended = true;
    }
    if (facade.#lost !== undefined) throw facade.#lost;
    if (!isPromise(returned)) return;
    // It failed already, or will: what is told is that there must be no promise.
    returned.then(undefined, () => {});
    throw misused(
      'A function given to `storage.write` returned a promise, but nothing can be awaited in a transaction.',
      'Read and await before, and give a function that is not async.',
    );
  }

  get(sql: string, ...parameters: readonly SqliteParameter[]): SqliteRow | undefined {
    return this.#do(() =>
      this.#statements.use(sql, parameters, (statement, values) => statement.get(...values)),
    );
  }

  all(sql: string, ...parameters: readonly SqliteParameter[]): readonly SqliteRow[] {
    return this.#do(() =>
      this.#statements.use(sql, parameters, (statement, values) => statement.all(...values)),
    );
  }

  run(sql: string, ...parameters: readonly SqliteParameter[]): StatementResultingChanges {
    return this.#do(() =>
      this.#statements.use(sql, parameters, (statement, values) => statement.run(...values)),
    );
  }

  #do<T>(work: () => T): T {
    if (this.#ended) {
      throw misused(
        'The transaction that `storage.write` gave to a function was used after that function had returned.',
        'Use it inside of the function only.',
      );
    }
    // What ran now would be a transaction of its own, and stay whatever becomes of the attempt.
    if (this.#lost !== undefined) throw this.#lost;
    try {
      return work();
    } catch (error) {
      this.#failures.push(error);
      if (!this.#statements.inTransaction) this.#lost = rolledBack(error);
      throw error;
    }
  }
}

function rolledBack(cause: unknown): BusbarError {
  return new BusbarError(
    'TRANSACTION_ENDED',
    'A statement of the handler, or a trigger behind it, has rolled the transaction back.',
    { help: 'Write `INSERT OR ABORT` and `RAISE(ABORT, …)` in place of ROLLBACK.', cause },
  );
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as { readonly then?: unknown }).then === 'function'
  );
}
