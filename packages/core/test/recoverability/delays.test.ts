import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { exponential, fixed, linear } from '../../src/recoverability/delays.ts';

describe('delays', () => {
  test('should stay the same when fixed', () => {
    const delays = fixed({ attempts: 2, delay: '5s' });
    expect([1, 2].map((attempt) => delays.delayMs(attempt, 0.9))).toEqual([5_000, 5_000]);
  });

  test('should grow by one step when linear', () => {
    const delays = linear({ attempts: 3, step: '10s' });
    expect([1, 2, 3].map((attempt) => delays.delayMs(attempt, 0))).toEqual([
      10_000, 20_000, 30_000,
    ]);
  });

  test('should double up to the limit when exponential without jitter', () => {
    const delays = exponential({ attempts: 5, from: '5s', to: '30s', jitter: 0 });
    expect([1, 2, 3, 4, 5].map((attempt) => delays.delayMs(attempt, 0.7))).toEqual([
      5_000, 10_000, 20_000, 30_000, 30_000,
    ]);
  });

  test('should spread by its jitter and never pass the limit', () => {
    const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    const jitter = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), random, jitter, (attempt, chance, share) => {
        const delays = exponential({ attempts: 40, from: '1s', to: '5m', jitter: share });
        const middle = Math.min(300_000, 1_000 * 2 ** (attempt - 1));
        const delay = delays.delayMs(attempt, chance);
        expect(delay).toBeGreaterThanOrEqual(Math.floor(middle * (1 - share)));
        expect(delay).toBeLessThanOrEqual(Math.min(300_000, Math.ceil(middle * (1 + share))));
      }),
    );
  });

  test.each([
    [
      () => fixed({ attempts: -1, delay: 1 }),
      'recoverability.delayed.attempts is -1. Give it a whole number from 0.',
    ],
    [
      () => exponential({ attempts: 1, from: '5s', to: '1s' }),
      'recoverability.delayed.to is 1s. Give it at least `from` (5s).',
    ],
    [
      () => exponential({ attempts: 1, from: 1, to: 2, jitter: 2 }),
      'recoverability.delayed.jitter is 2. Give it a number from 0 to 1.',
    ],
    [
      () => exponential({ attempts: 1, from: 1, to: 2, factor: 0.5 }),
      'recoverability.delayed.factor is 0.5. Give it a number from 1.',
    ],
  ])('should refuse what makes no schedule', (make, text) => {
    expect(make).toThrow(text);
  });
});
