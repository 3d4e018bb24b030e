import { pause } from '@busbar/core';
import { VirtualClock } from '@busbar/testing';
import { describe, expect, test } from 'vitest';

describe('a virtual clock', () => {
  test('should stand still until it is moved', () => {
    const clock = new VirtualClock({ startAt: new Date('2030-05-01T12:00:00Z') });
    expect(clock.now()).toBe(Date.parse('2030-05-01T12:00:00Z'));
    clock.advance('90s');
    expect(new Date(clock.now()).toISOString()).toBe('2030-05-01T12:01:30.000Z');
    expect(clock.monotonic()).toBe(90_000);
  });

  test('should fire timers in the order of their moments, each at its own', () => {
    const clock = new VirtualClock();
    const fired: string[] = [];
    const at = (name: string, ms: number): void => {
      clock.setTimer(() => fired.push(`${name}@${clock.monotonic()}`), ms);
    };
    at('late', 200);
    at('early', 100);
    at('early too', 100);
    clock.setTimer(() => at('chained', 50), 100);
    clock.advance(150);
    expect(fired).toEqual(['early@100', 'early too@100', 'chained@150']);
    expect(clock.nextTimerInMs).toBe(50);
    expect(clock.pendingTimers).toBe(1);
  });

  test('should not fire a cancelled timer', () => {
    const clock = new VirtualClock();
    const timer = clock.setTimer(() => expect.fail('fired'), 10);
    timer.cancel();
    timer.cancel();
    clock.advance(20);
    expect(clock.nextTimerInMs).toBeUndefined();
  });

  test('should move the wall clock alone', () => {
    const clock = new VirtualClock();
    clock.advance('1s');
    clock.setTimer(() => expect.fail('fired'), 10);
    clock.setWallClock(new Date('2020-01-01T00:00:00Z'));
    expect(clock.now()).toBe(Date.parse('2020-01-01T00:00:00Z'));
    expect(clock.monotonic()).toBe(1_000);
  });

  test('should serve the pauses of the core', async () => {
    const clock = new VirtualClock();
    const paused = pause(clock, 1_000);
    clock.advance('1s');
    await paused;
    expect(clock.pendingTimers).toBe(0);
  });
});
