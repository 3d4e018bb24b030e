import { pgPersistence } from '@busbar/postgres/pg';
import { Pool, type PoolClient } from 'pg';
import { type Row, ShopDatabase, type Sql, type Value } from './shop-database.ts';

/** Any number, but the same in all services: they make their tables one after the other. */
const tablesLock = 703_241;

/** A schema of a PostgreSQL database, shared by all services. */
export class PostgresShopDatabase extends ShopDatabase {
  readonly persistence;
  readonly #pool: Pool;
  readonly #schema: string;

  /** @param schema letters, digits and underscores */
  constructor(url: string, schema: string) {
    super();
    this.#schema = schema;
    this.#pool = new Pool({ connectionString: url, options: `-c search_path=${schema}` });
    this.persistence = pgPersistence(this.#pool, { schema });
  }

  within(transaction: unknown): Sql {
    const client = transaction as PoolClient;
    return {
      rows: async (statement, ...values) => (await client.query<Row>(statement, [...values])).rows,
      run: async (statement, ...values) => {
        await client.query(statement, [...values]);
      },
    };
  }

  async rows(statement: string, ...values: readonly Value[]): Promise<readonly Row[]> {
    return (await this.#pool.query<Row>(statement, [...values])).rows;
  }

  async prepare(tables: readonly string[]): Promise<void> {
    const lock = `SELECT pg_advisory_xact_lock(${tablesLock})`;
    const schema = `CREATE SCHEMA IF NOT EXISTS ${this.#schema}`;
    await this.#pool.query(['BEGIN', lock, schema, ...tables, 'COMMIT'].join(';\n'));
  }

  /** Takes the schema away with all that is in it. */
  async remove(): Promise<void> {
    await this.#pool.query(`DROP SCHEMA IF EXISTS ${this.#schema} CASCADE`);
  }

  close(): Promise<void> {
    return this.#pool.end();
  }
}
