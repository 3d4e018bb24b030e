import { expect, test } from 'vitest';
import { DeadlineWatch, deadlineFor, overdue } from '../../src/receiving/deadline.ts';
import { HandClock } from '../../../../test/support/hand-clock.ts';
import { delivery } from './support/deliveries.ts';

test.for([
  // The broker's default.
  [1_800_000, 1_740_000],
  [300_000, 270_000],
  [10_000, 9_000],
  [3_000, 2_250],
  [1_000, 750],
] as const)('a consumer timeout of %i ms should end handlers after %i ms', ([timeout, end]) => {
  const { beginWithinMs, endWithinMs, lookEveryMs } = deadlineFor(timeout);
  expect(endWithinMs).toBe(end);
  expect(beginWithinMs).toBe(end / 2);
  expect(endWithinMs + lookEveryMs, 'seen in time').toBeLessThan(timeout);
});

test('what has not begun should be overdue after half the time', () => {
  const deadline = deadlineFor(10_000);
  const [waiting, running, copied] = [delivery({ tag: 1 }), delivery({ tag: 2 }), delivery({})];
  running.begun = true;
  copied.copying = true;
  const held = [waiting, running, copied];
  expect(overdue(held, 4_500, deadline)).toEqual([]);
  expect(overdue(held, 4_501, deadline)).toEqual([waiting]);
  expect(overdue(held, 9_001, deadline)).toEqual([waiting, running]);
});

test('a watch should look until it is stopped', () => {
  const clock = new HandClock();
  let looks = 0;
  const watch = new DeadlineWatch(clock, 100, () => {
    looks += 1;
    if (looks === 3) watch.stop();
  });
  watch.start();
  watch.start();
  for (let time = 0; time < 10; time += 1) clock.advance(100);
  expect(looks).toBe(3);
  watch.start();
  clock.advance(100);
  expect(looks).toBe(4);
});
