import { BusbarError } from '@busbar/core';
import { describe, expect, test } from 'vitest';
import { describeOutage, isConflict, isOutage, sqlErrorOf } from '../src/sql-error.ts';

function coded(code: string, message = 'said'): Error {
  return Object.assign(new Error(message), { code });
}

describe('a conflict', () => {
  test.each(['40001', '40P01', 'P2034'])('should be recognised by the code %s', (code) => {
    expect(isConflict(coded(code))).toBe(true);
    expect(isConflict(new Error('no stock', { cause: coded(code) }))).toBe(true);
  });

  test.each(['40002', '23505', '25P02', '55P03'])('should not be seen in %s', (code) => {
    expect(isConflict(coded(code))).toBe(false);
  });

  test('should be seen in what was already explained', () => {
    expect(isConflict(new BusbarError('TRANSACTION_CONFLICT', 'Undone.'))).toBe(true);
    expect(isConflict(new BusbarError('SAGA_CONFLICT', 'Changed.'))).toBe(false);
  });
});

describe('an outage', () => {
  test.each([
    '08006',
    '53100',
    '53300',
    '57P01',
    '57P02',
    '57P03',
    '58030',
    '25006',
    'ECONNREFUSED',
    'ECONNRESET',
    'EPIPE',
    'ENOTFOUND',
    'EAI_AGAIN',
    'ETIMEDOUT',
    'P1001',
    'P1017',
    'P2024',
  ])('should be recognised by the code %s', (code) => {
    expect(isOutage(coded(code))).toBe(true);
  });

  test.each([
    'Connection terminated unexpectedly',
    'Connection terminated due to connection timeout',
    'timeout exceeded when trying to connect',
  ])('should be recognised by the text "%s"', (text) => {
    expect(isOutage(new Error(text))).toBe(true);
  });

  test('should be recognised by the name of an error', () => {
    expect(isOutage(Object.assign(new Error('x'), { name: 'KnexTimeoutError' }))).toBe(true);
  });

  test('should be found below what a library wraps around it', () => {
    const wrapped = new Error('Failed query', { cause: new Error('x', { cause: coded('57P01') }) });
    expect(isOutage(wrapped)).toBe(true);
    expect(isOutage(new AggregateError([coded('ECONNREFUSED')]))).toBe(true);
    expect(isOutage(new BusbarError('PERSISTENCE_UNAVAILABLE', 'Away.'))).toBe(true);
  });

  test.each(['23505', '40001', '42P01', '57014', '25P02', '22012', 'XX000', 'P2002', 'P2028'])(
    'should not be seen in %s',
    (code) => {
      expect(isOutage(coded(code))).toBe(false);
    },
  );

  test('should not be seen where a transaction took too long, for it would do so again', () => {
    const ended = new Error('Connection terminated', { cause: coded('25P03') });
    expect(isOutage(ended)).toBe(false);
  });

  test('should not be seen in what is no error, nor in a circle of causes', () => {
    const circle: Error = new Error('round');
    circle.cause = circle;
    for (const each of [undefined, null, 'ECONNREFUSED', 8, circle]) {
      expect(isOutage(each)).toBe(false);
    }
  });

  test('should be described by the first that has a text', () => {
    const several = new AggregateError([coded('ECONNREFUSED', 'connect ECONNREFUSED ::1:5432')]);
    expect(describeOutage(several)).toBe('connect ECONNREFUSED ::1:5432');
    expect(describeOutage(undefined)).toBe('no reason was given');
  });
});

test('should find what PostgreSQL said below what a library says', () => {
  const said = Object.assign(coded('23505', 'duplicate'), { constraint: 'busbar_handled_pkey' });
  const prisma = Object.assign(new Error('wrapped', { cause: said }), { code: 'P2010' });
  expect(sqlErrorOf(prisma)).toEqual({
    code: '23505',
    message: 'duplicate',
    constraint: 'busbar_handled_pkey',
  });
  expect(sqlErrorOf(coded('EPIPE'))).toBeUndefined();
});
