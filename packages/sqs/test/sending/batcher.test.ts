import { VirtualClock } from '@busbar/testing';
import { expect, test } from 'vitest';
import { type BatchEntry, Batcher } from '../../src/sending/batcher.ts';

interface Entry extends BatchEntry {
  readonly id: number;
}

/** A batcher on a virtual clock whose calls end when the test says so. */
function fixture(options: Partial<ConstructorParameters<typeof Batcher<Entry>>[0]> = {}) {
  const clock = new VirtualClock();
  const calls: number[][] = [];
  const ends: (() => void)[] = [];
  const batcher = new Batcher<Entry>({
    clock,
    windowMs: 10,
    send: (entries) => {
      calls.push(entries.map(({ id }) => id));
      return new Promise((resolve) => ends.push(resolve));
    },
    ...options,
  });
  return { batcher, calls, clock, end: (call: number) => ends[call]?.() };
}

const entry = (id: number, group?: string): Entry => ({ id, bytes: 1, group });
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('should send at once what comes after a silence, with what came in the same turn', async () => {
  const { batcher, calls } = fixture();
  for (const id of [1, 2, 3]) batcher.add(entry(id));
  expect(calls).toEqual([]);
  await nextTurn();
  expect(calls).toEqual([[1, 2, 3]]);
});

test('should send ten without waiting', () => {
  const { batcher, calls } = fixture({ eager: false });
  for (let id = 1; id <= 25; id += 1) batcher.add(entry(id));
  expect(calls.map(({ length }) => length)).toEqual([10, 10]);
});

test('should count the age of the first, however many come after it', async () => {
  const { batcher, calls, clock } = fixture({ eager: false });
  batcher.add(entry(1));
  for (const id of [2, 3]) {
    clock.advance(4);
    batcher.add(entry(id));
  }
  expect(calls).toEqual([]);
  clock.advance(2);
  expect(calls).toEqual([[1, 2, 3]]);
});

test('should wait for others while a call is under way', async () => {
  const { batcher, calls, clock } = fixture();
  batcher.add(entry(1));
  await nextTurn();
  batcher.add(entry(2));
  await nextTurn();
  expect(calls).toEqual([[1]]);
  clock.advance(10);
  expect(calls).toEqual([[1], [2]]);
});

test('should keep the entries of a group apart and in order, and let others pass', async () => {
  const { batcher, calls, clock, end } = fixture({ eager: false });
  batcher.add(entry(1, 'a'));
  clock.advance(10);
  batcher.add(entry(2, 'a'));
  batcher.add(entry(3, 'b'));
  clock.advance(10);
  expect(calls).toEqual([[1], [3]]);
  end(0);
  await nextTurn();
  clock.advance(10);
  expect(calls).toEqual([[1], [3], [2]]);
});

test('should send less than ten where they take more room than one call has', async () => {
  const { batcher, calls, clock } = fixture({ eager: false, maxBytes: 10 });
  for (const [id, bytes] of [6, 5, 20].entries()) batcher.add({ id, bytes });
  clock.advance(10);
  expect(calls).toEqual([[0], [1], [2]]);
});

test('should make no more calls at once than it may, and fill those that come after', async () => {
  const { batcher, calls, clock, end } = fixture({ eager: false, maxCalls: 1 });
  batcher.add(entry(0));
  clock.advance(10);
  for (let id = 1; id <= 12; id += 1) batcher.add(entry(id));
  clock.advance(100);
  expect(calls.map(({ length }) => length)).toEqual([1]);
  end(0);
  await nextTurn();
  expect(calls.map(({ length }) => length)).toEqual([1, 10]);
});

test('should resolve a flush when all that was added is dealt with', async () => {
  const { batcher, calls, end } = fixture({ eager: false });
  batcher.add(entry(1));
  let flushed = false;
  const flushing = batcher.flush().then(() => {
    flushed = true;
  });
  await nextTurn();
  expect(calls).toEqual([[1]]);
  expect(flushed).toBe(false);
  end(0);
  await flushing;
  expect(flushed).toBe(true);
});
