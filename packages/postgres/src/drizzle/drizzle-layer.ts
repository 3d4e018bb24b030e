import { BusbarError } from '@busbar/core';
import type { NodePgClient, NodePgDatabase } from 'drizzle-orm/node-postgres';
import type { Pool, PoolClient } from 'pg';
import type {
  DataLayer,
  OpenTransaction,
  SqlResult,
  SqlRunner,
  SqlStatement,
} from '../data-layer.ts';
import { type HeldTransaction, holdTransaction } from '../held-transaction.ts';
import { notFailed } from '../not-failed.ts';
import { WatchedConnection, runOnClient } from '../watched-connection.ts';
import { WatchedPool } from '../watched-pool.ts';

/** What `drizzle` of `drizzle-orm/node-postgres` makes. */
export type DrizzleDatabase<Schema extends Record<string, unknown>> = NodePgDatabase<Schema> & {
  readonly $client: NodePgClient;
};

/** What `db.transaction` gives to its callback. */
export type DrizzleTransaction<Schema extends Record<string, unknown>> = Parameters<
  Parameters<NodePgDatabase<Schema>['transaction']>[0]
>[0];

/** What a session of Drizzle does with its client, which its types keep private. */
interface DrizzleSession<Transaction> {
  readonly client: unknown;
  transaction(body: (transaction: Transaction) => Promise<void>): Promise<void>;
}

const ignore = (): void => {};

/**
 * The data layer of Drizzle. It takes connections from the pool itself, because Drizzle never gives one back on which `begin`
 * fails, and leaves the loss of one in use to end the process.
 */
export class DrizzleLayer<Schema extends Record<string, unknown>> implements DataLayer<
  DrizzleTransaction<Schema>
> {
  readonly name = 'drizzle';
  readonly mostConnections: number | undefined;
  readonly #pool: Pool;
  readonly #watched: WatchedPool;
  readonly #session: DrizzleSession<DrizzleTransaction<Schema>>;

  constructor(db: DrizzleDatabase<Schema>) {
    const pool = db.$client as Pool;
    const session = sessionOf<DrizzleTransaction<Schema>>(db);
    if (typeof pool.totalCount !== 'number' || session.client !== pool) throw noPool();
    this.#pool = pool;
    this.#watched = WatchedPool.of(pool);
    this.#session = session;
    this.mostConnections = pool.options.max;
  }

  run(statement: SqlStatement): Promise<SqlResult> {
    return runOnClient(this.#pool, statement);
  }

  async begin(): Promise<OpenTransaction<DrizzleTransaction<Schema>>> {
    const client = await this.#pool.connect();
    const connection = new WatchedConnection(client, this.#watched.lossOf(client));
    // A session of a client begins its transactions on it.
    const session = Object.create(this.#session, {
      client: { value: client },
    }) as DrizzleSession<DrizzleTransaction<Schema>>;
    const held = holdTransaction<DrizzleTransaction<Schema>>((body) => session.transaction(body));
    try {
      return new OpenDrizzleTransaction(client, connection, await connection.explain(held));
    } catch (error) {
      connection.unwatch();
      client.release(true);
      throw error;
    }
  }

  within(transaction: DrizzleTransaction<Schema>): SqlRunner {
    const client = sessionOf(transaction).client as PoolClient;
    return { run: (statement) => runOnClient(client, statement) };
  }
}

class OpenDrizzleTransaction<Transaction> implements OpenTransaction<Transaction> {
  readonly transaction: Transaction;
  readonly #client: PoolClient;
  readonly #connection: WatchedConnection;
  readonly #held: HeldTransaction<Transaction>;
  #returned = false;

  constructor(
    client: PoolClient,
    connection: WatchedConnection,
    held: HeldTransaction<Transaction>,
  ) {
    this.transaction = held.transaction;
    this.#client = client;
    this.#connection = connection;
    this.#held = held;
  }

  run(statement: SqlStatement): Promise<SqlResult> {
    return this.#connection.run(statement);
  }

  async commit(last: SqlStatement = notFailed): Promise<void> {
    try {
      await this.run(last);
    } catch (error) {
      await this.rollback().catch(ignore);
      throw error;
    }
    await this.#end(this.#held.commit());
  }

  rollback(): Promise<void> {
    return this.#end(this.#held.rollback());
  }

  async abandon(): Promise<void> {
    this.#giveBack(true);
    await this.#held.rollback().catch(ignore);
  }

  /** A connection that may still be within a transaction belongs to nobody. */
  async #end(ended: Promise<void>): Promise<void> {
    let broken = true;
    try {
      await this.#connection.explain(ended);
      broken = false;
    } finally {
      this.#giveBack(broken);
    }
  }

  #giveBack(broken: boolean): void {
    if (this.#returned) return;
    this.#returned = true;
    this.#connection.unwatch();
    this.#client.release(broken);
  }
}

function sessionOf<Transaction>(db: {
  readonly _: { readonly session: object };
}): DrizzleSession<Transaction> {
  return db._.session as DrizzleSession<Transaction>;
}

function noPool(): BusbarError {
  return new BusbarError(
    'INVALID_CONFIGURATION',
    'The database given to drizzlePersistence is not over a pool of "pg", so each transaction cannot have a connection of its own.',
    {
      help: "Write drizzle(new pg.Pool(…)) or drizzle(url) of 'drizzle-orm/node-postgres'.",
      details: { option: 'db' },
    },
  );
}
