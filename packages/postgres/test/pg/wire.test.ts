import type { PoolClient } from 'pg';
import { expect, test } from 'vitest';
import { toWire, wireOf } from '../../src/pg/wire.ts';

test.each([
  ["it's", "it's"],
  ['', ''],
  [null, null],
  [7, '7'],
  [-0.5, '-0.5'],
  [[], '{}'],
  [['a', 'b,c', '', '{}', 'NULL'], '{"a","b,c","","{}","NULL"}'],
  [['"', '\\', 'a"b\\c'], String.raw`{"\"","\\","a\"b\\c"}`],
  [[1, 2], '{1,2}'],
])('should write %j as PostgreSQL reads it', (value, text) => {
  expect(toWire(value)).toBe(text);
});

test('should find no connection to write to in a pipeline, nor in a client of another kind', () => {
  const connection = { parse() {}, bind() {}, describe() {}, execute() {}, sync() {} };
  const prepared = { ...connection, parsedStatements: {} };
  const client = (fields: object): PoolClient => fields as PoolClient;
  expect(wireOf(client({ pipeline: false, connection: prepared }))).toBe(prepared);
  expect(wireOf(client({ connection: prepared }))).toBe(prepared);
  expect(wireOf(client({ pipeline: true, connection: prepared }))).toBeUndefined();
  expect(wireOf(client({ connection }))).toBeUndefined();
  expect(wireOf(client({ native: {} }))).toBeUndefined();
});
