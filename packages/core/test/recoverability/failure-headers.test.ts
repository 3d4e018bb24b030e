import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BusbarError } from '../../src/errors.ts';
import {
  type FailureDetails,
  failureHeaders,
  headerBytes,
  nextCopy,
} from '../../src/recoverability/failure-headers.ts';

const details = (changes: Partial<FailureDetails> = {}): FailureDetails => ({
  error: new Error('boom'),
  queue: 'sales',
  endpoint: 'sales',
  host: 'h1',
  failedAt: Date.UTC(2026, 0, 1),
  attempts: 24,
  ...changes,
});

const plenty = 1_000_000;

describe('failureHeaders', () => {
  test('should keep what was received and put the failure beside it', () => {
    const headers = failureHeaders({ 'busbar-message-id': 'm', own: 'x' }, details(), plenty);
    expect(headers).toMatchObject({
      'busbar-message-id': 'm',
      own: 'x',
      'busbar-copy': '1',
      'busbar-failed-queue': 'sales',
      'busbar-failed-at': '2026-01-01T00:00:00.000Z',
      'busbar-failure-type': 'Error',
      'busbar-failure-message': 'boom',
      'busbar-failure-attempts': '24',
      'busbar-processing-endpoint': 'sales',
      'busbar-processing-host': 'h1',
    });
    expect(headers['busbar-failure-stack']).toContain('failure-headers.test.ts');
  });

  test('should drop what would make the copy vanish or a replay start half-way', () => {
    const received = {
      'busbar-expires-at': '2026-01-01T00:00:00.000Z',
      'busbar-delayed-attempts': '3',
      'busbar-deliver-at': '2026-01-01T00:00:00.000Z',
    };
    const headers = failureHeaders(received, details(), plenty);
    expect(Object.keys(headers)).not.toEqual(expect.arrayContaining(Object.keys(received)));
    for (const name of Object.keys(received)) expect(headers[name]).toBeUndefined();
  });

  test('should give the code of a BusbarError and the causes of any error', () => {
    const error = new BusbarError('UNDECODABLE', 'No JSON.', { cause: new Error('at position 7') });
    const headers = failureHeaders({}, details({ error }), plenty);
    expect(headers['busbar-failure-code']).toBe('UNDECODABLE');
    expect(headers['busbar-failure-stack']).toContain('Caused by: Error: at position 7');
  });

  test('should end when a cause leads back to its effect', () => {
    const error = new Error('first');
    error.cause = new Error('second', { cause: error });
    expect(failureHeaders({}, details({ error }), plenty)['busbar-failure-stack']).toContain(
      'second',
    );
  });

  test('should always fit when the received headers leave the room that capabilities keep', () => {
    const anyText = fc.string({ unit: 'binary', maxLength: 30_000 });
    fc.assert(
      fc.property(anyText, fc.integer({ min: 1_024, max: 40_000 }), (message, maxBytes) => {
        const error = new Error(message);
        const headers = failureHeaders({ 'busbar-message-id': 'm' }, details({ error }), maxBytes);
        expect(headerBytes(headers)).toBeLessThanOrEqual(maxBytes);
        expect(headers['busbar-failed-queue']).toBe('sales');
        for (const value of Object.values(headers)) expect(value.isWellFormed()).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});

describe('nextCopy', () => {
  test.each([
    [undefined, '1'],
    ['1', '2'],
    ['41', '42'],
    ['-7', '1'],
    ['many', '1'],
  ])('should follow %s with %s', (copy, next) => {
    expect(nextCopy(copy === undefined ? {} : { 'busbar-copy': copy })).toBe(next);
  });
});
