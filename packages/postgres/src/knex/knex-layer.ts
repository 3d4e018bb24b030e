import { BusbarError } from '@busbar/core';
import type { Knex } from 'knex';
import type { PoolClient } from 'pg';
import type {
  DataLayer,
  OpenTransaction,
  SqlResult,
  SqlRunner,
  SqlStatement,
} from '../data-layer.ts';
import { notFailed } from '../not-failed.ts';
import { transactionEnded } from '../transaction-ended.ts';
import { WatchedConnection, runOnClient } from '../watched-connection.ts';

/** What is used of a `knex.client`, which Knex has without types. */
interface KnexClient {
  readonly dialect: string;
  readonly pool?: { readonly max: number };
  /** That of a transaction gives its connection, and takes it back without effect. */
  acquireConnection(): Promise<KnexConnection>;
  releaseConnection(connection: KnexConnection): Promise<void>;
}

/** The pool drops it when it is marked. */
type KnexConnection = PoolClient & { __knex__disposed?: unknown; end(): Promise<void> };

const ignore = (): void => {};

/**
 * The data layer of Knex. Its statements go to the connections themselves, past what Knex does with names and results
 * (`wrapIdentifier`, `postProcessResponse`), and are prepared there.
 */
export class KnexLayer implements DataLayer<Knex.Transaction> {
  readonly name = 'knex';
  readonly mostConnections: number | undefined;
  readonly #knex: Knex;
  readonly #client: KnexClient;

  constructor(knex: Knex) {
    this.#knex = knex;
    this.#client = clientOf(knex);
    if (this.#client.dialect !== 'postgresql') throw otherDatabase(this.#client.dialect);
    this.mostConnections = this.#client.pool?.max;
  }

  async run(statement: SqlStatement): Promise<SqlResult> {
    const connection = await this.#client.acquireConnection();
    try {
      return await runOnClient(connection, statement);
    } finally {
      await this.#client.releaseConnection(connection);
    }
  }

  async begin(): Promise<OpenTransaction<Knex.Transaction>> {
    const transaction = await this.#knex.transaction();
    // BEGIN has failed, which Knex tells only here.
    if (transaction.isCompleted()) await transaction.executionPromise;
    return new KnexTransaction(transaction, await clientOf(transaction).acquireConnection());
  }

  within(transaction: Knex.Transaction): SqlRunner {
    return {
      run: async (statement) => {
        const connection = await clientOf(transaction).acquireConnection();
        // It may be somebody else's by then.
        if (transaction.isCompleted()) throw transactionEnded();
        return runOnClient(connection, statement);
      },
    };
  }
}

class KnexTransaction implements OpenTransaction<Knex.Transaction> {
  readonly transaction: Knex.Transaction;
  readonly #client: KnexConnection;
  readonly #connection: WatchedConnection;

  constructor(transaction: Knex.Transaction, connection: KnexConnection) {
    this.#client = connection;
    this.transaction = transaction;
    this.#connection = new WatchedConnection(connection);
    // However it ends, and even if a handler ends it. Where that fails the pool must not lend the connection again.
    transaction.executionPromise
      .catch((error: unknown) => {
        connection.__knex__disposed = error;
      })
      .finally(() => this.#connection.unwatch());
  }

  async run(statement: SqlStatement): Promise<SqlResult> {
    if (this.transaction.isCompleted()) throw this.#connection.lost ?? transactionEnded();
    return this.#connection.run(statement);
  }

  async commit(last: SqlStatement = notFailed): Promise<void> {
    try {
      await this.run(last);
    } catch (error) {
      await this.rollback().catch(ignore);
      throw error;
    }
    // It does not reject when COMMIT fails.
    await this.transaction.commit();
    await this.#connection.explain(this.transaction.executionPromise);
  }

  async rollback(): Promise<void> {
    // Nothing is left to end, and the connection was given back.
    if (this.transaction.isCompleted()) return;
    await this.transaction.rollback();
    await this.#connection.explain(this.transaction.executionPromise);
  }

  async abandon(): Promise<void> {
    if (this.transaction.isCompleted()) return;
    this.#client.__knex__disposed = new Error('The transaction was abandoned.');
    this.#client.end().catch(ignore);
    // It fails at once, by which Knex takes the transaction for ended.
    await this.rollback().catch(ignore);
  }
}

function clientOf(knex: Knex): KnexClient {
  return knex.client as KnexClient;
}

function otherDatabase(dialect: string): BusbarError {
  return new BusbarError(
    'INVALID_CONFIGURATION',
    `The Knex given to knexPersistence is of "${dialect}".`,
    { help: "Write knex({ client: 'pg', … }).", details: { option: 'knex', dialect } },
  );
}
