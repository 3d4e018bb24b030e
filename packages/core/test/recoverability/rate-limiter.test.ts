import { describe, expect, test } from 'vitest';
import { RateLimiter } from '../../src/recoverability/rate-limiter.ts';
import { ManualClock } from '../support/manual-clock.ts';

const settings = { afterFailures: 3, pauseMs: 1_000, longestPauseMs: 3_000 };
const never = new AbortController().signal;

function limited(): { limiter: RateLimiter; clock: ManualClock; changes: boolean[] } {
  const clock = new ManualClock();
  const changes: boolean[] = [];
  const limiter = new RateLimiter(settings, clock, (active) => changes.push(active));
  return { limiter, clock, changes };
}

function failTimes(limiter: RateLimiter, times: number): void {
  for (let n = 0; n < times; n += 1) limiter.failed(true);
}

describe('RateLimiter', () => {
  test('should begin when as many messages in a row have failed as the setting says', () => {
    const { limiter, changes } = limited();
    failTimes(limiter, 2);
    expect(limiter.active).toBe(false);
    failTimes(limiter, 1);
    expect(limiter.active).toBe(true);
    expect(changes).toEqual([true]);
  });

  test('should not begin for the retries of one message, nor across a success', () => {
    const { limiter } = limited();
    for (let n = 0; n < 20; n += 1) limiter.failed(n === 0);
    failTimes(limiter, 1);
    limiter.succeeded();
    failTimes(limiter, 2);
    expect(limiter.active).toBe(false);
  });

  test('should let one probe through after each pause, and lengthen it while probes fail', async () => {
    const { limiter, clock } = limited();
    failTimes(limiter, 3);
    const admitted: number[] = [];
    const probe = async (): Promise<void> => {
      await limiter.admit(never);
      admitted.push(clock.now());
      limiter.failed(true);
    };
    for (const waited of [1_000, 2_000, 3_000, 3_000]) {
      const before = clock.now();
      const probing = probe();
      await clock.advance(waited - 1);
      expect(admitted.at(-1) ?? 0).toBeLessThanOrEqual(before);
      await clock.advance(1);
      await probing;
      expect(admitted.at(-1)).toBe(before + waited);
    }
  });

  test('should end with one success and begin with short pauses the next time', async () => {
    const { limiter, clock, changes } = limited();
    failTimes(limiter, 5);
    limiter.succeeded();
    expect(limiter.active).toBe(false);
    await limiter.admit(never);
    failTimes(limiter, 3);
    const admitted = limiter.admit(never);
    await clock.advance(1_000);
    await admitted;
    expect(changes).toEqual([true, false, true]);
  });

  test('should line up those who were under way when it began', async () => {
    const { limiter, clock } = limited();
    failTimes(limiter, 3);
    const admitted: number[] = [];
    const waiting = [1, 2, 3].map(async () => {
      await limiter.admit(never);
      admitted.push(clock.now());
    });
    await clock.advance(3_000);
    await Promise.all(waiting);
    expect(admitted).toEqual([1_000, 2_000, 3_000]);
  });

  test('should hold nobody back who gives up', async () => {
    const { limiter } = limited();
    failTimes(limiter, 3);
    const controller = new AbortController();
    const waiting = limiter.admit(controller.signal);
    controller.abort();
    await expect(waiting).resolves.toBeUndefined();
  });
});
