import { BusbarError } from '@busbar/core';
import type { PoolClient } from 'pg';
import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
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

const ignore = (): void => {};

/** The data layer of TypeORM. Its statements go to the connections themselves, and are prepared there. */
export class TypeormLayer implements DataLayer<EntityManager> {
  readonly name = 'typeorm';
  readonly mostConnections: number | undefined;
  readonly #dataSource: DataSource;

  constructor(dataSource: DataSource) {
    const { options } = dataSource;
    if (options.type !== 'postgres') {
      throw misused(
        `is of type "${options.type}"`,
        "Write new DataSource({ type: 'postgres', … }).",
      );
    }
    this.#dataSource = dataSource;
    this.mostConnections = options.poolSize;
  }

  async run(statement: SqlStatement): Promise<SqlResult> {
    const runner = this.#makeRunner();
    try {
      return await runOnClient(await clientOf(runner), statement);
    } finally {
      await runner.release();
    }
  }

  async begin(): Promise<OpenTransaction<EntityManager>> {
    const runner = this.#makeRunner();
    const transaction = new TypeormTransaction(runner, await clientOf(runner));
    try {
      await transaction.begin();
    } catch (error) {
      await transaction.rollback().catch(ignore);
      throw error;
    }
    return transaction;
  }

  within({ queryRunner }: EntityManager): SqlRunner {
    return {
      run: async (statement) => {
        if (queryRunner?.isTransactionActive !== true || queryRunner.isReleased) {
          throw transactionEnded();
        }
        return runOnClient(await clientOf(queryRunner), statement);
      },
    };
  }

  #makeRunner(): QueryRunner {
    if (!this.#dataSource.isInitialized) {
      throw misused(
        'is not initialised',
        'Write await dataSource.initialize() before the start of the endpoint.',
      );
    }
    return this.#dataSource.createQueryRunner('master');
  }
}

class TypeormTransaction implements OpenTransaction<EntityManager> {
  readonly transaction: EntityManager;
  readonly #runner: QueryRunner;
  readonly #client: PoolClient;
  readonly #connection: WatchedConnection;

  constructor(runner: QueryRunner, client: PoolClient) {
    this.transaction = runner.manager;
    this.#runner = runner;
    this.#client = client;
    stopReleasing(client);
    this.#connection = new WatchedConnection(client);
  }

  begin(): Promise<void> {
    return this.#connection.explain(this.#runner.startTransaction());
  }

  async run(statement: SqlStatement): Promise<SqlResult> {
    if (this.#ended()) throw transactionEnded();
    return this.#connection.run(statement);
  }

  async commit(last: SqlStatement = notFailed): Promise<void> {
    try {
      await this.run(last);
      // More than once where a handler left savepoints of its own.
      while (this.#runner.isTransactionActive) {
        await this.#connection.explain(this.#runner.commitTransaction());
      }
    } catch (error) {
      await this.rollback().catch(ignore);
      throw error;
    }
    await this.#release();
  }

  async rollback(): Promise<void> {
    try {
      while (!this.#ended()) await this.#connection.explain(this.#runner.rollbackTransaction());
    } catch (error) {
      // A connection that may still be within a transaction belongs to nobody; the pool drops one that ends.
      this.#client.end().catch(ignore);
      throw error;
    } finally {
      await this.#release();
    }
  }

  async abandon(): Promise<void> {
    if (this.#runner.isReleased) return;
    this.#client.end().catch(ignore);
    await this.#release();
  }

  async #release(): Promise<void> {
    this.#connection.unwatch();
    await this.#runner.release();
  }

  /** A handler can reach the query runner through the entity manager. */
  #ended(): boolean {
    return this.#runner.isReleased || !this.#runner.isTransactionActive;
  }
}

/**
 * Keeps TypeORM from releasing the query runner when the connection is lost: the statements of handlers would fail for having
 * none, and not for the loss.
 */
function stopReleasing(client: PoolClient): void {
  const [release] = client.listeners('error').slice(-1);
  if (release !== undefined) client.off('error', release as (error: Error) => void);
}

async function clientOf(runner: QueryRunner): Promise<PoolClient> {
  return (await runner.connect()) as PoolClient;
}

function misused(what: string, help: string): BusbarError {
  return new BusbarError(
    'INVALID_CONFIGURATION',
    `The data source given to typeormPersistence ${what}.`,
    {
      help,
      details: { option: 'dataSource' },
    },
  );
}
