import { type Clock, untilAborted, withGrace } from '@busbar/core';
import { describe, expect, test } from 'vitest';

/** A clock whose timers are fired by hand. */
function handClock(): Clock & { fire(): void; readonly delays: number[] } {
  let callbacks: (() => void)[] = [];
  const delays: number[] = [];
  return {
    now: () => 0,
    monotonic: () => 0,
    setTimer: (callback, delayMs) => {
      delays.push(delayMs);
      callbacks.push(callback);
      return { cancel: () => (callbacks = callbacks.filter((each) => each !== callback)) };
    },
    fire: () => callbacks.splice(0).forEach((callback) => callback()),
    delays,
  };
}

const forever = new Promise<void>(() => {});

async function isOver(promise: Promise<void>): Promise<boolean> {
  let over = false;
  void promise.then(() => (over = true));
  await new Promise((resolve) => setImmediate(resolve));
  return over;
}

describe('untilAborted', () => {
  test('should end with the work, however that ends', async () => {
    const { signal } = new AbortController();
    await untilAborted(Promise.resolve(), signal);
    await untilAborted(Promise.reject(new Error('broken')), signal);
  });

  test('should end with the signal, fired before or meanwhile', async () => {
    const stopping = new AbortController();
    const waiting = untilAborted(forever, stopping.signal);
    expect(await isOver(waiting)).toBe(false);
    stopping.abort();
    await waiting;
    await untilAborted(forever, stopping.signal);
  });
});

describe('withGrace', () => {
  test('should wait a second more for work whose signal has fired', async () => {
    const clock = handClock();
    const waiting = withGrace(forever, AbortSignal.abort(), clock);
    expect(await isOver(waiting)).toBe(false);
    expect(clock.delays).toEqual([1_000]);
    clock.fire();
    await waiting;
  });

  test('should end with the work within that second', async () => {
    const work = Promise.withResolvers<void>();
    const waiting = withGrace(work.promise, AbortSignal.abort(), handClock());
    expect(await isOver(waiting)).toBe(false);
    work.resolve();
    await waiting;
  });
});
