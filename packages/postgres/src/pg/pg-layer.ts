import { BusbarError, withoutSecrets } from '@busbar/core';
import { WatchedPool } from '../watched-pool.ts';
import { runBatch } from './statement-batch.ts';
import { wireOf } from './wire.ts';
import type { Pool, PoolClient, PoolConfig, QueryConfig } from 'pg';
import type {
  DataLayer,
  OpenTransaction,
  SqlResult,
  SqlRunner,
  SqlStatement,
} from '../data-layer.ts';

type Release = PoolClient['release'];
type PoolOptions = Pick<PoolConfig, 'connectionString' | 'host' | 'port' | 'database'>;

const ignore = (): void => {};

/** The data layer of `pg` itself. */
export class PgLayer implements DataLayer<PoolClient> {
  readonly name = 'pg';
  readonly address: string;
  readonly mostConnections: number | undefined;
  readonly #pool: Pool;
  readonly #watched: WatchedPool;

  constructor(pool: Pool) {
    this.#pool = pool;
    this.#watched = WatchedPool.of(pool);
    this.address = addressOf(pool.options);
    this.mostConnections = pool.options.max;
  }

  async run(statement: SqlStatement): Promise<SqlResult> {
    return toResult(await this.#pool.query(toQuery(statement)));
  }

  async begin(): Promise<OpenTransaction<PoolClient>> {
    const client = await this.#pool.connect();
    return new PgTransaction(client, this.#watched.lossOf(client));
  }

  within(client: PoolClient): SqlRunner {
    return runnerOf(client);
  }
}

class PgTransaction implements OpenTransaction<PoolClient> {
  readonly transaction: PoolClient;
  readonly #release: Release;
  /** Whether BEGIN and the first statement, and the last one and COMMIT, can share a round trip. */
  readonly #batches: boolean;
  #begun = false;
  /** A failed batch leaves open what the server has prepared. */
  #spoiled = false;
  #returned = false;
  /** Why the connection broke, which the next statement would not say. */
  #broken: Error | undefined;

  constructor(client: PoolClient, loss: Error | undefined) {
    this.transaction = client;
    this.#broken = loss;
    this.#release = client.release.bind(client);
    client.release = refuseRelease;
    client.on('error', this.#breaks);
    this.#batches = wireOf(client) !== undefined;
  }

  async run(statement: SqlStatement): Promise<SqlResult> {
    try {
      return await (this.#begun ? this.#query(statement) : this.#begin(statement));
    } catch (error) {
      throw this.#broken ?? error;
    }
  }

  async commit(last?: SqlStatement): Promise<void> {
    let tag: string;
    try {
      tag = await (last === undefined ? this.#end() : this.#endWith(last));
    } catch (error) {
      await this.rollback().catch(ignore);
      throw this.#broken ?? error;
    }
    this.#giveBack();
    if (tag !== 'COMMIT') throw undone();
  }

  async rollback(): Promise<void> {
    try {
      if (this.#begun) await this.transaction.query('ROLLBACK');
    } catch (error) {
      this.#spoiled = true;
      throw error;
    } finally {
      this.#giveBack();
    }
  }

  async abandon(): Promise<void> {
    this.#spoiled = true;
    this.#giveBack();
  }

  async #begin(statement: SqlStatement): Promise<SqlResult> {
    this.#begun = true;
    const { transaction: client } = this;
    try {
      if (this.#batches) return await runBatch(client, statement, { before: 'BEGIN' });
      // Pools with `pipeline: true` send both at once.
      const begin = client.query('BEGIN');
      return toResult(await both(begin, client.query(toQuery(statement))));
    } catch (error) {
      this.#spoiled = true;
      throw error;
    }
  }

  async #query(statement: SqlStatement): Promise<SqlResult> {
    return toResult(await this.transaction.query(toQuery(statement)));
  }

  async #end(): Promise<string> {
    if (!this.#begun) return 'COMMIT';
    return (await this.transaction.query('COMMIT')).command;
  }

  async #endWith(last: SqlStatement): Promise<string> {
    const { transaction: client } = this;
    if (!this.#begun) await this.run(last);
    else if (this.#batches) return (await runBatch(client, last, { after: 'COMMIT' })).tag;
    else {
      // Where `last` fails, the COMMIT behind it only ends the failed transaction.
      const stored = client.query(toQuery(last));
      return (await both(stored, client.query('COMMIT'))).command;
    }
    return this.#end();
  }

  /** A connection that may still be within a transaction belongs to nobody. */
  #giveBack(): void {
    if (this.#returned) return;
    this.#returned = true;
    this.transaction.off('error', this.#breaks);
    this.#release(this.#broken ?? this.#spoiled);
  }

  // Without a listener the error of a connection that breaks while it is lent would end the process.
  readonly #breaks = (error: Error): void => {
    this.#broken ??= error;
  };
}

/** The second result, when both are over. @throws the error of the first, else of the second */
async function both<Result>(first: Promise<unknown>, second: Promise<Result>): Promise<Result> {
  const [one, two] = await Promise.allSettled([first, second]);
  if (one.status === 'rejected') throw one.reason;
  if (two.status === 'rejected') throw two.reason;
  return two.value;
}

function undone(): BusbarError {
  return new BusbarError(
    'TRANSACTION_ENDED',
    'A statement of the transaction failed, and the handler went on; PostgreSQL has undone all of it.',
    {
      help: 'Let the error of the statement pass, or set a SAVEPOINT before a statement that may fail.',
    },
  );
}

function refuseRelease(): never {
  throw new BusbarError(
    'TRANSACTION_ENDED',
    'A handler released the connection of its transaction, which the endpoint still needs.',
  );
}

function runnerOf(client: PoolClient): SqlRunner {
  return { run: async (statement) => toResult(await client.query(toQuery(statement))) };
}

function toQuery({ name, text, values }: SqlStatement): QueryConfig {
  return { name, text, values: values as unknown[] };
}

function toResult({ rows, rowCount }: { rows: unknown[]; rowCount: number | null }): SqlResult {
  return { rows: rows as SqlResult['rows'], count: rowCount ?? 0 };
}

function addressOf({ connectionString, host, port, database }: PoolOptions): string {
  // It says more than we want to print only before its last `@`, and in its parameters.
  if (connectionString !== undefined)
    return withoutSecrets(connectionString).replace(/^[^:]*:\/*/, '');
  const environment = process.env;
  const server = host ?? environment['PGHOST'] ?? 'localhost';
  return `${server}:${port ?? environment['PGPORT'] ?? 5432}/${database ?? environment['PGDATABASE'] ?? ''}`;
}
