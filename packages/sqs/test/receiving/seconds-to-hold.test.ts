import { expect, test } from 'vitest';
import { secondsToHold } from '../../src/receiving/visibility.ts';

const hour = 3_600;

test.each([
  ['as long as wanted', 30, hour, 30],
  ['what is left of twelve hours, less a minute', 12 * hour, 6 * hour, 6 * hour - 60],
  ['the rest of the last minutes', 300, 12 * hour - 160, 100],
  ['never nothing', 300, 12 * hour, 1],
])('a message is held %s', (_what, wanted, held, seconds) => {
  expect(secondsToHold(wanted, held * 1_000)).toBe(seconds);
});
