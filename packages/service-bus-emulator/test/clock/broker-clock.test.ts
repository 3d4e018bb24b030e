import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { BrokerClock } from '../../src/clock/broker-clock.ts';
import { MinHeap } from '../../src/clock/min-heap.ts';

function clockOf(): BrokerClock {
  const clock = new BrokerClock();
  onTestFinished(() => {
    clock.stop();
  });
  return clock;
}

test('should run what falls due on the way in its order, each at its time', () => {
  const clock = clockOf();
  const start = clock.now();
  const ran: [name: string, after: number][] = [];
  const later = (name: string, after: number, then?: () => void) =>
    clock.at(start + after, () => {
      // To the second, as real time goes on meanwhile.
      ran.push([name, Math.round((clock.now() - start) / 1_000)]);
      then?.();
    });
  later('third', 30_000);
  later('first', 10_000, () => later('second', 20_000));
  later('never', 90_000);
  later('cancelled', 15_000).cancel();
  clock.advance(60_000);
  expect(ran).toEqual([
    ['first', 10],
    ['second', 20],
    ['third', 30],
  ]);
});

test('should run a timer by itself when its time comes', async () => {
  const clock = clockOf();
  const { promise, resolve } = Promise.withResolvers<void>();
  // Far away at first, and near after the jump, which has to wake the clock earlier.
  clock.at(clock.now() + 100_010, resolve);
  clock.advance(100_000);
  await promise;
});

test('should forget cancelled timers, and none of the others', () => {
  const clock = clockOf();
  let ran = 0;
  const timers = Array.from({ length: 5_000 }, (_, index) =>
    clock.at(clock.now() + 1_000 + index, () => ran++),
  );
  timers.slice(0, 4_000).forEach((timer) => {
    timer.cancel();
    timer.cancel();
  });
  clock.advance(60_000);
  expect(ran).toBe(1_000);
});

test('should give back the smallest, whatever the order and whatever was taken out', () => {
  fc.assert(
    fc.property(fc.array(fc.integer()), (numbers) => {
      const heap = new MinHeap<number>((number) => number);
      for (const number of numbers) heap.push(number);
      heap.retain((number) => number % 3 !== 0);
      const kept = numbers.filter((number) => number % 3 !== 0).sort((one, other) => one - other);
      expect(Array.from({ length: heap.size }, () => heap.pop())).toEqual(kept);
      expect(heap.pop()).toBeUndefined();
    }),
  );
});
