import type { ClientBase, Pool } from 'pg';
import type { SqlResult, SqlRunner, SqlStatement } from './data-layer.ts';

/** A connection of `pg` on which a library has begun a transaction. Statements go to it past the library, prepared. */
export class WatchedConnection implements SqlRunner {
  readonly #client: ClientBase;
  /** Why it was lost, which later statements would not say. */
  #lost: Error | undefined;

  /**
   * Without a listener the loss of a connection in use would end the process.
   *
   * @param lost Why, if it was lost before.
   */
  constructor(client: ClientBase, lost?: Error) {
    this.#client = client;
    this.#lost = lost;
    client.on('error', this.#loses);
  }

  get lost(): Error | undefined {
    return this.#lost;
  }

  run(statement: SqlStatement): Promise<SqlResult> {
    return this.explain(runOnClient(this.#client, statement));
  }

  /** Has a failure say why the connection was lost, if it was. */
  async explain<Result>(result: Promise<Result>): Promise<Result> {
    try {
      return await result;
    } catch (error) {
      throw this.#lost ?? error;
    }
  }

  /** Gives the errors of the connection back to its pool. */
  unwatch(): void {
    this.#client.off('error', this.#loses);
  }

  readonly #loses = (error: Error): void => {
    this.#lost ??= error;
  };
}

/** Runs a statement prepared. */
export async function runOnClient(
  client: ClientBase | Pool,
  { name, text, values }: SqlStatement,
): Promise<SqlResult> {
  const { rows, rowCount } = await client.query({ name, text, values: values as unknown[] });
  return { rows: rows as SqlResult['rows'], count: rowCount ?? 0 };
}
