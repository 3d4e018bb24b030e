import { type Duration, toMilliseconds } from '@busbar/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';

test.each<[Duration, number]>([
  [0, 0],
  [1500, 1500],
  [0.2, 1],
  ['250ms', 250],
  ['5s', 5000],
  ['1.5s', 1500],
  ['0.07s', 70],
  ['10m', 600_000],
  ['2h', 7_200_000],
  ['7d', 604_800_000],
])('should read %s as %s ms', (duration, ms) => {
  expect(toMilliseconds(duration, 'delay')).toBe(ms);
});

test.each([
  -1,
  '-1s',
  '5',
  '5 s',
  's',
  '',
  '1e3s',
  '0x10s',
  'soon',
  Number.NaN,
  Infinity,
  2 ** 54,
  '1e400d',
  null,
  undefined,
  {},
])('should refuse %s and name the setting', (value) => {
  const read = () => toMilliseconds(value as Duration, 'recoverability.delayed');
  expect(read).toThrow(expect.objectContaining({ code: 'INVALID_DURATION' }) as Error);
  expect(read).toThrow('recoverability.delayed is ');
});

test('should never be shorter than what was written, nor longer by a whole millisecond', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e9, noNaN: true }), (ms) => {
      const whole = toMilliseconds(ms, 'delay');
      expect(Number.isInteger(whole)).toBe(true);
      expect(whole).toBeGreaterThanOrEqual(ms - 1e-6);
      expect(whole).toBeLessThan(ms + 1);
    }),
  );
});
