import { headerNames } from '@busbar/core';
import { expect, test } from 'vitest';
import { ChainCopies } from '../../src/receiving/chain-copies.ts';

const via = { 'busbar-via': { DataType: 'String', StringValue: '[1,"derived","base"]' } };
const headers = { [headerNames.messageId]: 'm-1' };

test('should take the first copy of a publication, also when that one comes again', () => {
  const copies = new ChainCopies();
  expect(copies.isSecond({ MessageId: 'one', MessageAttributes: via }, headers)).toBe(false);
  expect(copies.isSecond({ MessageId: 'two', MessageAttributes: via }, headers)).toBe(true);
  expect(copies.isSecond({ MessageId: 'one', MessageAttributes: via }, headers)).toBe(false);
});

test('should not take a retry copy for a second copy of the publication', () => {
  const copies = new ChainCopies();
  copies.isSecond({ MessageId: 'one', MessageAttributes: via }, headers);
  const retry = { ...headers, [headerNames.copy]: '1' };
  expect(copies.isSecond({ MessageId: 'three', MessageAttributes: via }, retry)).toBe(false);
});

test('should not take a later publication under the same id for a copy of the first', () => {
  const copies = new ChainCopies();
  const at = (timeSent: string) => ({ ...headers, [headerNames.timeSent]: timeSent });
  const isSecond = (MessageId: string, timeSent: string): boolean =>
    copies.isSecond({ MessageId, MessageAttributes: via }, at(timeSent));
  expect(isSecond('one', '2026-03-01T12:00:00.000Z')).toBe(false);
  expect(isSecond('two', '2026-03-01T12:00:00.000Z')).toBe(true);
  expect(isSecond('three', '2026-03-01T12:00:09.000Z')).toBe(false);
});

test('should leave alone what came by one topic, and what has no id', () => {
  const copies = new ChainCopies();
  expect(copies.isSecond({ MessageId: 'one' }, headers)).toBe(false);
  expect(copies.isSecond({ MessageId: 'two' }, headers)).toBe(false);
  expect(copies.isSecond({ MessageId: 'three', MessageAttributes: via }, {})).toBe(false);
  expect(copies.isSecond({ MessageId: 'four', MessageAttributes: via }, {})).toBe(false);
});

test('should take another copy when the first one went back: another process may have dropped this one for it', () => {
  const copies = new ChainCopies();
  const [one, two] = ['one', 'two'].map((MessageId) => ({ MessageId, MessageAttributes: via }));
  copies.isSecond(one ?? {}, headers);
  copies.forget(two ?? {}, headers);
  expect(copies.isSecond(two ?? {}, headers)).toBe(true);
  copies.forget(one ?? {}, headers);
  expect(copies.isSecond(two ?? {}, headers)).toBe(false);
});
