import type { PoolClient, Submittable } from 'pg';
import type { SqlResult, SqlStatement, SqlValue } from '../data-layer.ts';
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
type Columns = readonly { readonly name: string; readonly dataTypeID: number }[];

const integerType = 23;

/** Begin and commit are prepared, too, at the first begin of a connection: where that fails, the connection is given up. */
const frames = {
  BEGIN: { name: 'busbar_begin', text: 'BEGIN' },
  COMMIT: { name: 'busbar_commit', text: 'COMMIT' },
} as const;

/** What the prepared statements of a connection give, so that the server need not describe it each time. */
const described = new WeakMap<WireConnection, Map<string, Columns>>();

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
  #columns: Columns = [];
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
    const columns =
      wire.parsedStatements[name] === undefined ? undefined : columnsOf(wire).get(name);
    wire.stream.cork?.();
    try {
      if (before !== undefined) {
        if (wire.parsedStatements[frames.COMMIT.name] === undefined) {
          for (const frame of Object.values(frames)) wire.parse(frame);
        }
        execute(wire, frames[before].name, []);
      }
      if (wire.parsedStatements[name] === undefined) wire.parse({ name, text });
      if (columns === undefined) {
        bind(wire, name, values);
        wire.describe({ type: 'P', name: '' });
        wire.execute({ portal: '', rows: undefined });
      } else {
        this.#columns = columns;
        execute(wire, name, values);
      }
      if (after !== undefined) execute(wire, frames[after].name, []);
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

  handleReadyForQuery(connection: object): void {
    this.#remember(connection as WireConnection);
    this.callback(null, { rows: this.#rows, count: this.#count, tag: this.#tag });
  }

  handleError(error: Error): void {
    this.callback(error);
  }

  #remember(wire: WireConnection): void {
    columnsOf(wire).set(this.name, this.#columns);
    if (this.#frame.before === undefined) return;
    for (const { name, text } of Object.values(frames)) wire.parsedStatements[name] = text;
  }
}

function columnsOf(wire: WireConnection): Map<string, Columns> {
  let columns = described.get(wire);
  if (columns === undefined) described.set(wire, (columns = new Map()));
  return columns;
}

function bind(wire: WireConnection, statement: string, values: readonly SqlValue[]): void {
  wire.bind({ portal: '', statement, values: values.map(toWire), binary: false });
}

function execute(wire: WireConnection, statement: string, values: readonly SqlValue[]): void {
  bind(wire, statement, values);
  wire.execute({ portal: '', rows: undefined });
}
