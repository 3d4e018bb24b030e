import { expect, test } from 'vitest';
import { givesRows } from '../../src/prisma/gives-rows.ts';

test.each([
  ['SELECT 1', true],
  ['  select 1', true],
  ['SHOW server_version', true],
  ['VALUES (1)', true],
  ['WITH a AS (DELETE FROM t RETURNING id) SELECT id FROM a', true],
  ['WITH a AS (SELECT 1 WHERE (1 = (2)) ) UPDATE t SET x = 1 RETURNING x', true],
  ['INSERT INTO t SELECT 1', false],
  ['INSERT INTO t SELECT 1 RETURNING id', true],
  ['WITH a AS (INSERT INTO t VALUES (1) RETURNING id) INSERT INTO u SELECT id FROM a', false],
  [`UPDATE t SET x = 'it''s returning )'`, false],
  ['DELETE FROM "returning"', false],
  ['CREATE TABLE t AS SELECT 1', false],
  ['SET TRANSACTION ISOLATION LEVEL READ COMMITTED', false],
])('should tell of %s whether it gives rows', (text, gives) => {
  expect(givesRows(text)).toBe(gives);
});
