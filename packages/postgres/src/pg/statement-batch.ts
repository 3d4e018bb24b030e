import type { PoolClient, Submittable } from 'pg';
import type { SqlResult, SqlStatement } from '../data-layer.ts';
import { type WireConnection, toWire } from './wire.ts';

/** What surrounds the statement of a batch. */
export interface BatchFrame {
  readonly before?: 'BEGIN';
  readonly after?: 'COMMIT';
}

/** What a batch gave. */
export interface BatchResult extends SqlResult {
  /** What the server says it did last, such as `COMMIT`, or `ROLLBACK` where that could not be. */
  readonly tag: string;
}

type Row = Record<string, unknown>;

const integerType = 23;

/**
 * A prepared statement with the begin or the end of its transaction, in one write and one wait. Where one of them fails the
 * server skips those behind it, so nothing is committed that should not be.
 */
export function runBatch(
  client: PoolClient,
  statement: SqlStatement,
  frame: BatchFrame,
): Promise<BatchResult> {
  const { promise, resolve, reject } = Promise.withResolvers<BatchResult>();
  const done = (error: Error | null, result?: BatchResult): void => {
    if (result === undefined) reject(error ?? new Error('The batch gave nothing.'));
    else resolve(result);
  };
  client.query(new StatementBatch(statement, frame, done));
  return promise;
}

/** Speaks as `pg` expects of a query: it calls the handlers with the answers of the server. */
class StatementBatch implements Submittable {
  /** By it the client notes that the statement is prepared. */
  readonly name: string;
  readonly text: string;
  /** The client replaces it where there is a time limit. */
  callback: (error: Error | null, result?: BatchResult) => void;
  readonly #statement: SqlStatement;
  readonly #frame: BatchFrame;
  #columns: readonly { readonly name: string; readonly dataTypeID: number }[] = [];
  readonly #rows: Row[] = [];
  #completed = 0;
  #count = 0;
  #tag = '';

  constructor(statement: SqlStatement, frame: BatchFrame, done: StatementBatch['callback']) {
    this.name = statement.name;
    this.text = statement.text;
    this.#statement = statement;
    this.#frame = frame;
    this.callback = done;
  }

  // The client's own type of a connection hides what is needed here.
  submit(connection: object): void {
    const wire = connection as WireConnection;
    const { before, after } = this.#frame;
    const { name, text, values } = this.#statement;
    wire.stream.cork?.();
    try {
      if (before !== undefined) plain(wire, before);
      if (wire.parsedStatements[name] === undefined) wire.parse({ name, text });
      wire.bind({ portal: '', statement: name, values: values.map(toWire), binary: false });
      wire.describe({ type: 'P', name: '' });
      wire.execute({ portal: '', rows: undefined });
      if (after !== undefined) plain(wire, after);
      wire.sync();
    } finally {
      wire.stream.uncork?.();
    }
  }

  handleRowDescription({ fields }: { fields: { name: string; dataTypeID: number }[] }): void {
    this.#columns = fields;
  }

  handleDataRow({ fields }: { fields: (string | null)[] }): void {
    const row: Row = {};
    this.#columns.forEach(({ name, dataTypeID }, index) => {
      const value = fields[index] ?? null;
      row[name] = dataTypeID === integerType && value !== null ? Number(value) : value;
    });
    this.#rows.push(row);
  }

  handleCommandComplete({ text }: { text: string }): void {
    const own = this.#frame.before === undefined ? 0 : 1;
    // Such as `INSERT 0 1`.
    if (this.#completed === own) this.#count = Number(text.slice(text.lastIndexOf(' ') + 1));
    this.#completed += 1;
    this.#tag = text;
  }

  handleReadyForQuery(): void {
    this.callback(null, { rows: this.#rows, count: this.#count, tag: this.#tag });
  }

  handleError(error: Error): void {
    this.callback(error);
  }
}

function plain(wire: WireConnection, text: string): void {
  wire.parse({ name: '', text });
  wire.bind({ portal: '', statement: '', values: [], binary: false });
  wire.execute({ portal: '', rows: undefined });
}
