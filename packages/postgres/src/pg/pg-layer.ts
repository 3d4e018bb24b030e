import { BusbarError, withoutSecrets } from '@busbar/core';
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

  constructor(pool: Pool) {
    this.#pool = pool;
    this.address = addressOf(pool.options);
    this.mostConnections = pool.options.max;
    // An idle connection that breaks is replaced by the pool; without a listener its error would end the process.
    pool.on('error', ignore);
  }

  async run(statement: SqlStatement): Promise<SqlResult> {
    return toResult(await this.#pool.query(toQuery(statement)));
  }

  async begin(): Promise<OpenTransaction<PoolClient>> {
    return new PgTransaction(await this.#pool.connect());
  }

  within(client: PoolClient): SqlRunner {
    return runnerOf(client);
  }
}

class PgTransaction implements OpenTransaction<PoolClient> {
  readonly transaction: PoolClient;
  readonly #release: Release;
  /** Awaited by the first statement, which is queued behind it: pools with `pipeline: true` send both at once. */
  #begun: Promise<unknown> | undefined;

  constructor(client: PoolClient) {
    this.transaction = client;
    this.#release = client.release.bind(client);
    client.release = refuseRelease;
    client.on('error', ignore);
    this.#begun = client.query('BEGIN');
    this.#begun.catch(ignore);
  }

  async run(statement: SqlStatement): Promise<SqlResult> {
    const result = this.transaction.query(toQuery(statement));
    if (this.#begun !== undefined) {
      result.catch(ignore);
      await this.#begun;
      this.#begun = undefined;
    }
    return toResult(await result);
  }

  async commit(last?: SqlStatement): Promise<void> {
    // Queued together. Where `last` fails, the COMMIT behind it only ends the failed transaction.
    const run = last === undefined ? undefined : this.run(last);
    const commit = this.transaction.query('COMMIT');
    const [ran, committed] = await Promise.allSettled([run, commit]);
    this.#giveBack(committed.status === 'rejected');
    if (ran.status === 'rejected') throw ran.reason;
    if (committed.status === 'rejected') throw committed.reason;
    if (committed.value.command !== 'COMMIT') {
      throw new BusbarError(
        'TRANSACTION_ENDED',
        'A statement of the transaction failed, and the handler went on: PostgreSQL has undone all of it.',
        { help: 'Let the error of the statement pass, or put a SAVEPOINT before it.' },
      );
    }
  }

  async rollback(): Promise<void> {
    let broken = true;
    try {
      await this.transaction.query('ROLLBACK');
      broken = false;
    } finally {
      this.#giveBack(broken);
    }
  }

  #giveBack(broken: boolean): void {
    this.transaction.off('error', ignore);
    // A connection that is still within a transaction belongs to nobody.
    this.#release(broken);
  }
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
