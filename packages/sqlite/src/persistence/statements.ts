import type { SQLInputValue, StatementSync } from 'node:sqlite';
import { asError } from '@busbar/core';
import { checkStatement, excerpt } from './check-statement.ts';
import type { SqliteParameter } from './sqlite-storage.ts';

/** Enough for the texts of an application; one that builds new texts all the time must not fill the memory. */
const mostKept = 200;

/** What prepares: a database, or the file of the store. */
export interface StatementSource {
  prepare(sql: string): StatementSync;
}

/** Where the statements of users run. */
export interface UserDatabase extends StatementSource {
  readonly inTransaction: boolean;
}

/** The statements of users on one connection: checked and prepared once, as long as they are in use. */
export class Statements {
  readonly #source: UserDatabase;
  readonly #prepared = new Map<string, StatementSync>();

  constructor(source: UserDatabase) {
    this.#source = source;
  }

  get inTransaction(): boolean {
    return this.#source.inTransaction;
  }

  /** Carries out one statement, whose text is told with what goes wrong. */
  use<T>(
    sql: string,
    parameters: readonly SqliteParameter[],
    run: (statement: StatementSync, parameters: SQLInputValue[]) => T,
  ): T {
    const known = this.#prepared.get(sql);
    if (known === undefined) checkStatement(sql);
    try {
      const statement = known ?? this.#source.prepare(sql);
      this.#keep(sql, statement);
      // Node takes an object of names as the first one; its types say so by overloads only.
      return run(statement, parameters as SQLInputValue[]);
    } catch (thrown) {
      const error = asError(thrown);
      error.message = `${error.message} (in the statement "${excerpt(sql)}")`;
      throw error;
    }
  }

  /** The least recently used one comes first, and goes first. */
  #keep(sql: string, statement: StatementSync): void {
    this.#prepared.delete(sql);
    this.#prepared.set(sql, statement);
    if (this.#prepared.size <= mostKept) return;
    for (const oldest of this.#prepared.keys()) {
      this.#prepared.delete(oldest);
      return;
    }
  }
}
