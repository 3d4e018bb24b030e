import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { pause } from '../../src/time/clock.ts';
import { systemClock } from '../../src/time/system-clock.ts';

const day = 24 * 60 * 60 * 1_000;

describe('systemClock', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test('should fire a timer that is longer than those of Node, once and not early', () => {
    const action = vi.fn<() => void>();
    systemClock.setTimer(action, 60 * day);
    vi.advanceTimersByTime(60 * day - 1);
    expect(action).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(action).toHaveBeenCalledTimes(1);
  });

  test('should not fire what was cancelled, in whichever piece of its time', () => {
    const action = vi.fn<() => void>();
    const timer = systemClock.setTimer(action, 60 * day);
    vi.advanceTimersByTime(50 * day);
    timer.cancel();
    timer.cancel();
    vi.advanceTimersByTime(50 * day);
    expect(action).not.toHaveBeenCalled();
  });

  test('should take a delay that has passed as none', () => {
    const action = vi.fn<() => void>();
    systemClock.setTimer(action, -5);
    vi.advanceTimersByTime(0);
    expect(action).toHaveBeenCalledTimes(1);
  });

  test('should end a pause with its time or its signal, whichever comes first', async () => {
    const whole = pause(systemClock, 1_000);
    vi.advanceTimersByTime(1_000);
    await whole;
    const controller = new AbortController();
    const cut = pause(systemClock, day, controller.signal);
    controller.abort();
    await cut;
    await pause(systemClock, day, AbortSignal.abort());
    expect(vi.getTimerCount()).toBe(0);
  });
});
