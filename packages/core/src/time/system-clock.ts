import type { Clock, Timer } from './clock.ts';

/** Node fires a timer longer than this at once, so a longer one is cut in pieces. */
const longestNodeTimer = 2 ** 31 - 1;

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer(action, delayMs, keepAlive = false): Timer {
    let handle: NodeJS.Timeout;
    const arm = (left: number): void => {
      const piece = Math.min(left, longestNodeTimer);
      handle = setTimeout(() => {
        if (left > piece) arm(left - piece);
        else action();
      }, piece);
      if (!keepAlive) handle.unref();
    };
    arm(Math.max(0, delayMs));
    return { cancel: () => clearTimeout(handle) };
  },
};
