import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { inTransaction } from '../src/store/store-file.ts';

/** As Node before 22.16 has it: it does not tell. */
function older(database: DatabaseSync): DatabaseSync {
  return { exec: (sql: string) => database.exec(sql) } as unknown as DatabaseSync;
}

test('should know whether a transaction is open, on every version of Node, and leave it as it is', () => {
  const database = new DatabaseSync(':memory:');
  database.exec('CREATE TABLE t (value INTEGER)');
  for (const asked of [database, older(database)]) {
    expect(inTransaction(asked)).toBe(false);
    database.exec('BEGIN; INSERT INTO t VALUES (1)');
    expect(inTransaction(asked)).toBe(true);
    database.exec('COMMIT');
    expect(inTransaction(asked)).toBe(false);
  }
  expect(database.prepare('SELECT * FROM t').all()).toHaveLength(2);
  database.close();
});
