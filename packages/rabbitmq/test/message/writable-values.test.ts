import { Buffer } from 'node:buffer';
import { describe, expect, test } from 'vitest';
import { isWritable } from '../../src/message/writable-values.ts';

function nested(depth: number): unknown {
  return depth === 0 ? 'end' : [nested(depth - 1)];
}

describe('a header value that was read', () => {
  test.each([
    null,
    true,
    'text',
    -3,
    0.5,
    2 ** 53 - 1,
    Buffer.of(0xff),
    { '!': 'timestamp', value: 1_700_000_000 },
    { '!': 'decimal', value: { places: 2, digits: 314 } },
    { table: { of: ['lists', { and: 'tables' }] } },
    nested(32),
  ])('should be written as it was: %j', (value) => {
    expect(isWritable(value)).toBe(true);
  });

  test.each([
    undefined,
    2 ** 53,
    -(2 ** 63),
    Number.NaN,
    Number.POSITIVE_INFINITY,
    2 ** 51 + 0.5,
    { '!': 'timestamp', value: -1 },
    { '!': 'timestamp' },
    { '!': ['timestamp'] },
    { '!': 'decimal', value: { places: 256, digits: 1 } },
    { '!': 'decimal', value: 'places' },
    { '!': 'somebody’s own' },
    { in: [{ '!': 'long' }] },
    { ['ä'.repeat(128)]: 1 },
    nested(33),
  ])('should be written as text: %j', (value) => {
    expect(isWritable(value)).toBe(false);
  });
});
