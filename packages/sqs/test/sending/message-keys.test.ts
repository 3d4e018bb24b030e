import { headerNames } from '@busbar/core';
import { expect, test } from 'vitest';
import { deduplicationOf, groupOf, keyOf } from '../../src/sending/message-keys.ts';

const id = { [headerNames.messageId]: 'm-1' };

test('should tell copies of one message apart, and the same copy not', () => {
  const first = deduplicationOf(id);
  const retry = deduplicationOf({ ...id, [headerNames.copy]: '1' });
  expect(first).toBe('m-1.0');
  expect(retry).toBe('m-1.1');
  expect(deduplicationOf({ ...id, [headerNames.copy]: '1' })).toBe(retry);
});

test('should tell a hop or a move from the message itself, and the same step taken twice not', () => {
  expect(deduplicationOf(id, 'native-1')).toBe('m-1.0.native-1');
  expect(deduplicationOf(id, 'native-2')).not.toBe(deduplicationOf(id, 'native-1'));
});

test('should take no two messages without an id for one', () => {
  expect(deduplicationOf({})).not.toBe(deduplicationOf({}));
});

test('should make what SQS takes of any key', () => {
  for (const text of ['a b', 'ä', 'x'.repeat(129), '', '😀']) {
    expect(keyOf(text)).toMatch(/^~[0-9a-f]{64}$/);
  }
  expect(keyOf('order-1:eu')).toBe('order-1:eu');
});

test('should give messages without a key a group of their own', () => {
  expect(groupOf(id, undefined)).not.toBe(groupOf({ [headerNames.messageId]: 'm-2' }, undefined));
  expect(groupOf(id, 'm-1')).not.toBe(groupOf(id, undefined));
});
