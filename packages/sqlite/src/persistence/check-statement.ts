import { BusbarError } from '@busbar/core';
import type { SqliteParameter } from './sqlite-storage.ts';

const transactionWords = new Set(['BEGIN', 'COMMIT', 'END', 'ROLLBACK', 'SAVEPOINT', 'RELEASE']);
const connectionWords = new Set(['ATTACH', 'DETACH', 'PRAGMA', 'VACUUM']);

/** Comments, and whatever is quoted: no word and no semicolon in it is one of the statement. */
const opaque =
  /'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)/g;

/**
 * Refuses what would end the transaction, or change the connection, that the statement shares with the messages.
 *
 * @throws BusbarError TRANSACTION_ENDED, STORAGE_MISUSED
 */
export function checkStatement(sql: unknown): asserts sql is string {
  if (typeof sql !== 'string')
    throw misused(`A statement is a ${typeof sql}.`, 'Give SQL as text.');
  const bare = sql.replace(opaque, (text) => (/^[-/]/.test(text) ? ' ' : 'x'));
  const word = /^[\s;]*([a-z]+)/i.exec(bare)?.[1]?.toUpperCase() ?? '';
  if (transactionWords.has(word)) {
    throw new BusbarError(
      'TRANSACTION_ENDED',
      `The statement "${excerpt(sql)}" would begin or end a transaction.`,
      { details: { statement: excerpt(sql) } },
    );
  }
  if (connectionWords.has(word)) {
    throw misused(
      `The statement "${excerpt(sql)}" would change the connection, which others share.`,
      'Run it on a connection of your own; `PRAGMA table_info(t)` reads as `SELECT * FROM pragma_table_info(?)`.',
    );
  }
  // Triggers have semicolons of their own. Of anything else SQLite would run the first statement only, and say nothing.
  if (/;\s*[^\s;]/.test(bare.replace(/^[\s;]+/, '')) && !/\btrigger\b/i.test(bare)) {
    throw misused(
      `The text "${excerpt(sql)}" has more than one statement.`,
      'Give each statement by itself; they are written as one all the same.',
    );
  }
}

/**
 * The parameters as they are now, whatever becomes of their bytes later.
 *
 * @throws BusbarError STORAGE_MISUSED when one of them is nothing that SQLite can store
 */
export function copyParameters(
  sql: string,
  parameters: readonly SqliteParameter[],
): SqliteParameter[] {
  return parameters.map((parameter, index) => {
    if (index > 0 || !isNamed(parameter)) return copyOf(sql, String(index + 1), parameter);
    const entries = Object.entries(parameter);
    return Object.fromEntries(entries.map(([name, value]) => [name, copyOf(sql, name, value)]));
  });
}

/** As {@link checkStatement}, with what to do. */
export function misused(message: string, help: string, cause?: unknown): BusbarError {
  return new BusbarError('STORAGE_MISUSED', message, { help, cause });
}

/** Enough of a statement to find it in the source. */
export function excerpt(sql: string): string {
  return sql.trim().slice(0, 200);
}

function isNamed(
  parameter: SqliteParameter,
): parameter is Exclude<SqliteParameter, null | number | bigint | string | NodeJS.ArrayBufferView> {
  if (typeof parameter !== 'object' || parameter === null) return false;
  const prototype: unknown = Object.getPrototypeOf(parameter);
  return prototype === Object.prototype || prototype === null;
}

function copyOf<T>(sql: string, name: string, value: T): T | Uint8Array {
  if (value === null || typeof value === 'string' || typeof value === 'bigint') return value;
  if (typeof value === 'number') return value;
  if (ArrayBuffer.isView(value)) {
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength).slice();
  }
  const what = typeof value === 'object' ? (value?.constructor.name ?? 'object') : typeof value;
  throw misused(
    `Parameter ${name} of "${excerpt(sql)}" is of the type ${what}.`,
    'SQLite takes null, numbers, bigints, strings and bytes: turn a date into text or milliseconds, a boolean into 0 or 1.',
  );
}
