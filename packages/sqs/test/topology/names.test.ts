import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  checkOwnName,
  decoded,
  encoded,
  logicalName,
  queueName,
  topicName,
} from '../../src/topology/names.ts';

describe('names of SQS and SNS', () => {
  test.each([
    ['sales', 'sales'],
    ['Sales.OrderPlaced', 'Sales_OrderPlaced'],
    ['sales.replies.host-1', 'sales_replies_host-1'],
    ['a_b', 'a_5F_b'],
    ['a.5F.b', 'a_2E_5F_b'],
    ['é', '_C3__A9_'],
  ])('should write %s as %s', (name, text) => {
    expect(encoded(name)).toBe(text);
    expect(decoded(text)).toBe(name);
  });

  test('should never make one name of two', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const name = text.toWellFormed();
        expect(encoded(name)).toMatch(/^[\w-]*$/);
        expect(decoded(encoded(name))).toBe(name);
      }),
      { numRuns: 50 },
    );
  });

  test('should never make one name of two that look alike', () => {
    const unit = fc.constantFrom('.', '_', '5', 'F', '2', 'E', 'a');
    fc.assert(
      fc.property(fc.string({ unit }), (name) => {
        expect(decoded(encoded(name))).toBe(name);
      }),
      { numRuns: 500 },
    );
  });

  test('should refuse a queue that is too long, and name the prefix', () => {
    expect(queueName('q'.repeat(70), 'prefix-ab-')).toHaveLength(80);
    expect(() => queueName('q'.repeat(71), 'prefix-ab-')).toThrow(
      /81 characters.*INVALID_CONFIGURATION/s,
    );
    expect(() => queueName('q'.repeat(76), '', true)).toThrow(/75 at most/);
    expect(() => queueName('', '')).toThrow(/empty name/);
  });

  test('should refuse a topic that is too long', () => {
    expect(topicName('t'.repeat(251), '', true)).toHaveLength(256);
    expect(() => topicName('t'.repeat(252), '', true)).toThrow(
      /256 at most.*INVALID_CONFIGURATION/s,
    );
  });

  test('should keep the names of what it makes itself', () => {
    expect(() => checkOwnName('sales.dead')).toThrow(/INVALID_CONFIGURATION/);
    expect(() => checkOwnName('dead')).not.toThrow();
  });

  test('should find the logical name behind a prefix and the suffix of ordered queues', () => {
    expect(logicalName('ci-sales_error.fifo', 'ci-')).toBe('sales.error');
    expect(logicalName('other', 'ci-')).toBeUndefined();
  });
});
