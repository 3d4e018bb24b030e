import { BusbarError } from '@busbar/core';
import { copyParameters } from './check-statement.ts';
import type { ReadConnection } from './read-connection.ts';
import type {
  SqliteParameter,
  SqliteRow,
  SqliteStorage,
  SqliteTransaction,
} from './sqlite-storage.ts';
import { checkStatement } from './check-statement.ts';
import type { Statements } from './statements.ts';
import { TransactionFacade } from './transaction-facade.ts';

type Write = (statements: Statements) => void;

/** Roughly what a row costs beside its long values. */
const bytesPerWrite = 100;

/** The storage of one session: what it collects is written by the commit. */
export class CollectingStorage implements SqliteStorage {
  readonly #reader: ReadConnection;
  readonly #writes: Write[] = [];
  #bytes = 0;
  #ended = false;

  constructor(reader: ReadConnection) {
    this.#reader = reader;
  }

  /** About how much is to be written. */
  get bytes(): number {
    return this.#bytes;
  }

  get isEmpty(): boolean {
    return this.#writes.length === 0;
  }

  get(sql: string, ...parameters: readonly SqliteParameter[]): SqliteRow | undefined {
    this.#checkOpen();
    return this.#reader.read(sql, parameters, (statement, values) => statement.get(...values));
  }

  all(sql: string, ...parameters: readonly SqliteParameter[]): readonly SqliteRow[] {
    this.#checkOpen();
    return this.#reader.read(sql, parameters, (statement, values) => statement.all(...values));
  }

  run(sql: string, ...parameters: readonly SqliteParameter[]): void {
    this.#checkOpen();
    checkStatement(sql);
    const values = copyParameters(sql, parameters);
    this.#collect(sizeOf(values), (statements) => {
      statements.use(sql, values, (statement, given) => statement.run(...given));
    });
  }

  write(change: (transaction: SqliteTransaction) => unknown): void {
    this.#checkOpen();
    this.#collect(0, (statements) => TransactionFacade.call(statements, change));
  }

  /** Carries out what was collected, inside of the transaction. */
  apply(statements: Statements): void {
    for (const write of this.#writes) write(statements);
  }

  /** From here on nothing is collected any more, and nothing is lost unseen. */
  end(): void {
    this.#ended = true;
  }

  #collect(bytes: number, write: Write): void {
    this.#writes.push(write);
    this.#bytes += bytes + bytesPerWrite;
  }

  #checkOpen(): void {
    if (!this.#ended) return;
    throw new BusbarError(
      'TRANSACTION_ENDED',
      'The storage was used after its attempt or session had ended.',
      { help: 'Await all that uses `context.storage` before the handler returns.' },
    );
  }
}

function sizeOf(values: readonly SqliteParameter[]): number {
  let bytes = 0;
  for (const value of values) {
    if (typeof value === 'string') bytes += value.length;
    else if (ArrayBuffer.isView(value)) bytes += value.byteLength;
    else if (typeof value === 'object' && value !== null) {
      bytes += sizeOf(Object.values(value as Record<string, SqliteParameter>));
    }
  }
  return bytes;
}
