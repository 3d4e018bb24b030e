import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type SqliteStorage, sqlitePersistence } from '@busbar/sqlite';
import { type Row, ShopDatabase, type Sql, type Value } from './shop-database.ts';

const busyTimeoutMs = 10_000;

/** A SQLite file. In the file of the embedded transport a message, its data and what it sends are one transaction. */
export class SqliteShopDatabase extends ShopDatabase {
  readonly persistence;
  readonly #file: string;
  #reader: DatabaseSync | undefined;

  constructor(file: string, durability: 'full' | 'normal') {
    super();
    this.#file = file;
    this.persistence = sqlitePersistence({ file, durability });
  }

  within(transaction: unknown): Sql {
    const storage = transaction as SqliteStorage;
    return {
      rows: async (statement, ...values) => storage.all(statement, named(values)),
      run: async (statement, ...values) => storage.run(statement, named(values)),
    };
  }

  async rows(statement: string, ...values: readonly Value[]): Promise<readonly Row[]> {
    this.#reader ??= this.#open();
    return this.#reader.prepare(statement).all(named(values));
  }

  async prepare(tables: readonly string[]): Promise<void> {
    mkdirSync(path.dirname(path.resolve(this.#file)), { recursive: true });
    const database = this.#open();
    try {
      for (const table of tables) database.exec(table);
    } finally {
      database.close();
    }
  }

  async close(): Promise<void> {
    this.#reader?.close();
  }

  #open(): DatabaseSync {
    return new DatabaseSync(this.#file, { timeout: busyTimeoutMs });
  }
}

/** SQLite takes `$1` for a name. */
function named(values: readonly Value[]): Record<string, Value> {
  return Object.fromEntries(values.map((value, index) => [`$${index + 1}`, value]));
}
