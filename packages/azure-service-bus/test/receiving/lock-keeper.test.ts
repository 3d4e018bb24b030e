import { silentLogger } from '@busbar/core';
import { describe, expect, test } from 'vitest';
import { type Lock, LockKeeper } from '../../src/receiving/lock-keeper.ts';
import { HandClock } from '../../../../test/support/hand-clock.ts';

interface Watched extends Lock {
  readonly renewals: number;
  readonly lostBecause: string | undefined;
  over: boolean;
}

function lockOf(clock: HandClock, lengthMs: number, renew?: () => Promise<Date>): Watched {
  const lock = {
    lockedUntil: new Date(clock.now() + lengthMs),
    over: false,
    renewals: 0,
    lostBecause: undefined as string | undefined,
    renew: async () => {
      lock.renewals += 1;
      return renew === undefined ? new Date(clock.now() + lengthMs) : renew();
    },
    lose: (reason: string) => {
      lock.lostBecause = reason;
    },
  };
  return lock;
}

/** Lets what a timer began go on. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function pass(clock: HandClock, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 500) {
    clock.advance(500);
    await settled();
  }
}

describe('the keeper of locks', () => {
  test('should renew for as long as a message is held, however long that is', async () => {
    const clock = new HandClock();
    const keeper = new LockKeeper(clock, silentLogger, 'sales', 4_000);
    const lock = lockOf(clock, 4_000);
    keeper.keep(lock);
    await pass(clock, 60_000);
    expect(lock.renewals).toBeGreaterThanOrEqual(60_000 / 4_000);
    expect(lock.lostBecause).toBeUndefined();
  });

  test('should stop when it is over or forgotten', async () => {
    const clock = new HandClock();
    const keeper = new LockKeeper(clock, silentLogger, 'sales', 4_000);
    const [over, forgotten] = [lockOf(clock, 4_000), lockOf(clock, 4_000)];
    keeper.keep(over);
    keeper.keep(forgotten);
    over.over = true;
    keeper.forget(forgotten);
    await pass(clock, 20_000);
    expect([over.renewals, forgotten.renewals]).toEqual([0, 0]);
    expect([over.lostBecause, forgotten.lostBecause]).toEqual([undefined, undefined]);
  });

  test('should say at once that a lock is lost when the service does', async () => {
    const clock = new HandClock();
    const keeper = new LockKeeper(clock, silentLogger, 'sales', 4_000);
    const lost = Object.assign(new Error('The lock is gone.'), { code: 'MessageLockLost' });
    const lock = lockOf(clock, 4_000, () => Promise.reject(lost));
    keeper.keep(lock);
    await pass(clock, 2_500);
    expect(lock.lostBecause).toBe('its lock ended: The lock is gone.');
  });

  test('should try again while the lock lasts, and lose it when it has ended', async () => {
    const clock = new HandClock();
    const keeper = new LockKeeper(clock, silentLogger, 'sales', 4_000);
    const away = Object.assign(new Error('no network'), { code: 'ServiceCommunicationProblem' });
    const lock = lockOf(clock, 4_000, () => Promise.reject(away));
    keeper.keep(lock);
    await pass(clock, 3_500);
    expect(lock.lostBecause).toBeUndefined();
    expect(lock.renewals).toBeGreaterThan(1);
    await pass(clock, 1_000);
    expect(lock.lostBecause).toBe('its lock could not be renewed in time');
  });

  test('should go by how long locks last where the clocks disagree', async () => {
    const clock = new HandClock();
    const keeper = new LockKeeper(clock, silentLogger, 'sales', 4_000);
    const behind = lockOf(clock, 4_000, async () => new Date(clock.now() - 3_600_000));
    keeper.keep(behind);
    await pass(clock, 20_000);
    expect(behind.lostBecause).toBeUndefined();
    expect(behind.renewals).toBeGreaterThan(10);
  });

  test.for([
    {
      lockDurationMs: 60_000,
      toldMs: 5_000,
      otherwise: 'our clock is ahead, or the lock is short',
    },
    { lockDurationMs: 2_000, toldMs: 62_000, otherwise: 'our clock is behind' },
  ])(
    'should renew in time and lose nothing where $otherwise',
    async ({ lockDurationMs, toldMs }) => {
      const clock = new HandClock();
      const keeper = new LockKeeper(clock, silentLogger, 'sales', lockDurationMs);
      const renewedAt: number[] = [0];
      const lock = lockOf(clock, toldMs, async () => {
        renewedAt.push(clock.now());
        return new Date(clock.now() + toldMs);
      });
      keeper.keep(lock);
      await pass(clock, 120_000);
      expect(lock.lostBecause).toBeUndefined();
      const gaps = renewedAt.slice(1).map((at, index) => at - (renewedAt[index] ?? 0));
      expect(gaps.length).toBeGreaterThan(10);
      expect(Math.max(...gaps)).toBeLessThan(Math.min(lockDurationMs, toldMs));
    },
  );

  test('should not renew all the time where our clock is far behind that of the service', async () => {
    const clock = new HandClock();
    const keeper = new LockKeeper(clock, silentLogger, 'sales', 60_000);
    const lock = lockOf(clock, 3_600_000);
    keeper.keep(lock);
    await pass(clock, 60_000);
    expect(lock.renewals).toBeLessThanOrEqual(2);
  });

  test('should learn that locks are shorter than the settings say, and tell it once', async () => {
    const clock = new HandClock();
    const warnings: unknown[] = [];
    const logger = { ...silentLogger, warn: (fields: unknown) => void warnings.push(fields) };
    const keeper = new LockKeeper(clock, logger, 'sales', 60_000);
    keeper.learn(90_000);
    keeper.learn(5_020);
    keeper.learn(5_000);
    expect(warnings).toEqual([{ queue: 'sales', lockDurationMs: 60_000, lastsMs: 5_020 }]);
    // By our clock, which is behind, it would last for an hour.
    const lock = lockOf(clock, 3_600_000);
    keeper.keep(lock);
    await pass(clock, 4_500);
    expect(lock.renewals).toBe(1);
  });

  test('should lose what hangs on a session that was closed', async () => {
    const clock = new HandClock();
    const keeper = new LockKeeper(clock, silentLogger, 'sales', 4_000);
    const lock = Object.assign(lockOf(clock, 4_000), { gone: true });
    keeper.keep(lock);
    await pass(clock, 500);
    expect(lock.lostBecause).toBe('the service closed its session');
  });
});
