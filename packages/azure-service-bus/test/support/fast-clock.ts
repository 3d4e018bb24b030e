import { type Clock, systemClock } from '@busbar/core';

/** Time that passes `times` as fast, for what a transport does after seconds. */
export function fastClock(times: number): Clock {
  return {
    now: () => systemClock.now(),
    monotonic: () => systemClock.monotonic() * times,
    setTimer: (action, delayMs) => systemClock.setTimer(action, delayMs / times),
  };
}
