import { type ControlledTransaction, type Kysely, type Transaction, CompiledQuery } from 'kysely';
import type {
  DataLayer,
  OpenTransaction,
  SqlResult,
  SqlRunner,
  SqlStatement,
} from '../data-layer.ts';
import { endOwnConnection } from '../end-connection.ts';
import { notFailed } from '../not-failed.ts';
import { transactionEnded } from '../transaction-ended.ts';

/** The data layer of Kysely. Its statements are not prepared: Kysely has no names for them. */
export class KyselyLayer<DB> implements DataLayer<Transaction<DB>> {
  readonly name = 'kysely';
  readonly #db: Kysely<DB>;

  constructor(db: Kysely<DB>) {
    this.#db = db;
  }

  run(statement: SqlStatement): Promise<SqlResult> {
    return runOn(this.#db, statement);
  }

  async begin(): Promise<OpenTransaction<Transaction<DB>>> {
    return new KyselyTransaction(await this.#db.startTransaction().execute());
  }

  within(transaction: Transaction<DB>): SqlRunner {
    return { run: (statement) => runOn(transaction, statement) };
  }
}

class KyselyTransaction<DB> implements OpenTransaction<Transaction<DB>> {
  readonly transaction: ControlledTransaction<DB>;

  constructor(transaction: ControlledTransaction<DB>) {
    this.transaction = transaction;
  }

  async run(statement: SqlStatement): Promise<SqlResult> {
    if (this.#ended()) throw transactionEnded();
    return runOn(this.transaction, statement);
  }

  async commit(last: SqlStatement = notFailed): Promise<void> {
    try {
      await this.run(last);
      await this.transaction.commit().execute();
    } catch (error) {
      await this.rollback().catch(() => {});
      throw error;
    }
  }

  async rollback(): Promise<void> {
    // Nothing is left to end, and the connection was given back.
    if (this.#ended()) return;
    await this.transaction.rollback().execute();
  }

  /** Kysely keeps its connections to itself, so the server has to end this one, behind the statement that runs. */
  async abandon(): Promise<void> {
    if (this.#ended()) return;
    await runOn(this.transaction, endOwnConnection).catch(() => {});
    await this.rollback().catch(() => {});
  }

  /** A handler gets the type without `commit`, but the object has it. */
  #ended(): boolean {
    return this.transaction.isCommitted || this.transaction.isRolledBack;
  }
}

async function runOn<DB>(db: Kysely<DB>, { text, values }: SqlStatement): Promise<SqlResult> {
  // Plugins rename columns, for one.
  const query = CompiledQuery.raw(text, [...values]);
  const { rows, numAffectedRows } = await db.withoutPlugins().executeQuery(query);
  const count = numAffectedRows === undefined ? rows.length : Number(numAffectedRows);
  return { rows: rows as SqlResult['rows'], count };
}
