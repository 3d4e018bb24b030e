import { untilAborted, withGrace } from '@busbar/core';
import { describe, expect, test } from 'vitest';
import { HandClock } from '../../../../test/support/hand-clock.ts';

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
    const clock = new HandClock();
    const waiting = withGrace(forever, AbortSignal.abort(), clock);
    expect(await isOver(waiting)).toBe(false);
    clock.advance(999);
    expect(await isOver(waiting)).toBe(false);
    clock.advance(1);
    await waiting;
  });

  test('should end with the work within that second', async () => {
    const work = Promise.withResolvers<void>();
    const waiting = withGrace(work.promise, AbortSignal.abort(), new HandClock());
    expect(await isOver(waiting)).toBe(false);
    work.resolve();
    await waiting;
  });
});
