import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseRfc3339 } from '../../src/time/rfc3339.ts';

test('should read every time that a Date writes', () => {
  fc.assert(
    fc.property(fc.date({ noInvalidDate: true }), (date) => {
      expect(parseRfc3339(date.toISOString())).toBe(date.getTime());
    }),
  );
});

test.each([
  ['2026-03-01T12:00:00Z', '2026-03-01T12:00:00.000Z'],
  ['2026-03-01t12:00:00z', '2026-03-01T12:00:00.000Z'],
  ['2026-03-01T12:00:00.25+02:00', '2026-03-01T10:00:00.250Z'],
])('should read %j as %s', (text, time) => {
  expect(new Date(parseRfc3339(text)!).toISOString()).toBe(time);
});

test.each(['', '3', '-1', '1e9', 'March 7', '2026-03-01', '2026-13-01T00:00:00Z', '2026', 'now'])(
  'should not take %j for a time',
  (text) => {
    expect(parseRfc3339(text)).toBeUndefined();
  },
);
