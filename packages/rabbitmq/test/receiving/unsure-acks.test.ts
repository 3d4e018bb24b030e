import { expect, test } from 'vitest';
import { UnsureAcks } from '../../src/receiving/unsure-acks.ts';
import { HandClock } from '../../../../test/support/hand-clock.ts';
import { delivery } from './support/deliveries.ts';

function settle(acks: UnsureAcks, ...ids: string[]): void {
  for (const id of ids) acks.settled(id);
}

function known(acks: UnsureAcks, ...ids: string[]): string[] {
  return ids.filter((id) => acks.recognise(delivery({ id })));
}

test('unsure acknowledgements should be those of the last messages when a channel ends', () => {
  const acks = new UnsureAcks(new HandClock(), 1_000);
  acks.resize(3);
  settle(acks, 'a', 'b', 'c', 'd', 'e');
  expect(known(acks, 'c', 'd', 'e'), 'while the channel is well').toEqual([]);
  acks.channelLost();
  expect(known(acks, 'a', 'b', 'c', 'd', 'e')).toEqual(['c', 'd', 'e']);
});

test('each should be known once', () => {
  const acks = new UnsureAcks(new HandClock(), 1_000);
  acks.resize(2);
  settle(acks, 'a');
  acks.channelLost();
  expect(known(acks, 'a', 'a')).toEqual(['a']);
});

test('they should be forgotten when the broker has seen them, or after a time', () => {
  const clock = new HandClock();
  const acks = new UnsureAcks(clock, 1_000);
  acks.resize(4);
  settle(acks, 'seen');
  acks.flushed();
  settle(acks, 'a', 'b');
  acks.channelLost();
  clock.advance(1_000);
  expect(known(acks, 'seen', 'a')).toEqual(['a']);
  clock.advance(1);
  expect(known(acks, 'b')).toEqual([]);
});

test('a message without an id of its own should never be one', () => {
  const acks = new UnsureAcks(new HandClock(), 1_000);
  acks.resize(2);
  const nameless = delivery({});
  settle(acks, nameless.nativeId);
  acks.channelLost();
  expect(acks.recognise(delivery({}))).toBe(false);
});

test('as many should be kept as the size says, also when it changes', () => {
  const acks = new UnsureAcks(new HandClock(), 1_000);
  acks.resize(4);
  settle(acks, 'a', 'b', 'c', 'd', 'e');
  acks.resize(2);
  settle(acks, 'f');
  acks.channelLost();
  expect(known(acks, 'a', 'b', 'c', 'd', 'e', 'f')).toEqual(['e', 'f']);
  acks.resize(3);
  settle(acks, 'g');
  acks.channelLost();
  expect(known(acks, 'g')).toEqual(['g']);
});
