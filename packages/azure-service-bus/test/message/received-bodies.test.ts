import { Buffer } from 'node:buffer';
import { expect, test } from 'vitest';
import { isTooLarge, noteReceived } from '../../src/message/received-bodies.ts';

test('a body beyond the limit should be too large, unless it came from the broker', () => {
  const own = Buffer.alloc(11);
  const received = Buffer.alloc(11);
  noteReceived(received, 10);
  expect(isTooLarge(own, 10)).toBe(true);
  expect(isTooLarge(received, 10)).toBe(false);
  expect(isTooLarge(Buffer.alloc(10), 10)).toBe(false);
});
