import { type Clock, systemClock } from '@busbar/core';
import { describe, expect, test } from 'vitest';
import { longestDelaySeconds } from '../../src/message/limits.ts';
import { delaySecondsUntil } from '../../src/receiving/replacer.ts';
import { localQueues } from '../support/local-queues.ts';
import { Handled, receive, toQueue } from '../support/open-connection.ts';

const minute = 60_000;
const day = 24 * 60 * minute;
const local = localQueues();

describe('hops of a long delay', () => {
  test.each([
    ['16 minutes', 16 * minute, 2],
    ['a day', day, 96],
    ['30 days', 30 * day, 2_880],
  ])('should end after %s, and never before', (_what, delayMs, hops) => {
    const due = 1_000_000 + delayMs;
    let now = 1_000_000;
    let taken = 0;
    while (now < due) {
      const seconds = delaySecondsUntil(due, now);
      expect(seconds).toBeGreaterThanOrEqual(1);
      expect(seconds).toBeLessThanOrEqual(longestDelaySeconds);
      now += seconds * 1_000;
      taken += 1;
    }
    expect(taken).toBe(hops);
    expect(now - due).toBeLessThan(1_000);
  });
});

/** A clock that runs so much faster than the world; delays are written for its time and kept in the world's. */
function fast(times: number): {
  readonly clock: Clock;
  readonly slow: (seconds: number) => number;
} {
  const start = systemClock.now();
  const clock: Clock = {
    now: () => start + (systemClock.now() - start) * times,
    monotonic: () => systemClock.monotonic(),
    setTimer: systemClock.setTimer,
  };
  return { clock, slow: (seconds) => seconds / times };
}

describe('a delayed message', () => {
  test.each([
    ['a standard queue, after 16 minutes', false, 16 * minute],
    ['a standard queue, after a day', false, day],
    ['an ordered queue, after 16 minutes', true, 16 * minute],
  ])('should come once to %s', async (_what, ordered, delayMs) => {
    const { clock, slow } = fast(20_000);
    await using opened = await local.open({}, { clock });
    const { connection, faults } = opened;
    faults.add(/SendMessageBatch/, async (input, send) => {
      const entries = input.Entries?.map((entry) => {
        const { DelaySeconds: seconds = 0 } = entry as { DelaySeconds?: number };
        return seconds === 0 ? entry : { ...entry, DelaySeconds: slow(seconds) };
      });
      return send({ ...input, ...(entries !== undefined && { Entries: entries }) });
    });
    const queue = local.name('delayed');
    await connection.queues.provision([{ name: queue, ordered }]);
    const handled = new Handled();
    const arrivals: number[] = [];
    const receiver = await receive(
      connection,
      queue,
      (attempt) => {
        arrivals.push(clock.now());
        handled.add(attempt);
      },
      { ordered },
    );
    const deliverAt = clock.now() + delayMs;
    await connection.dispatch([
      toQueue(queue, 'late', { deliverAt, headers: { 'x-kept': 'yes' } }),
    ]);
    await handled.has(1);
    await receiver.stop(new AbortController().signal);
    expect(arrivals[0]).toBeGreaterThanOrEqual(deliverAt);
    expect(handled.attempts[0]?.headers['x-kept']).toBe('yes');
    expect(handled.attempts[0]?.delivery.deliveryCount).toBe(1);
    expect(await connection.queues.peek(queue, 10)).toEqual([]);
  });
});

test('a delay goes on when the process that would have carried it on has gone', async () => {
  const { clock, slow } = fast(2_000);
  const queue = local.name('orphan');
  const shorten = async (connection: Awaited<ReturnType<typeof local.open>>): Promise<void> => {
    connection.faults.add(/SendMessageBatch/, async (input, send) => {
      const entries = input.Entries?.map((entry) => {
        const { DelaySeconds: seconds = 0 } = entry as { DelaySeconds?: number };
        return { ...entry, DelaySeconds: slow(seconds) };
      });
      return send({ ...input, ...(entries !== undefined && { Entries: entries }) });
    });
  };
  const deliverAt = clock.now() + 40 * minute;
  {
    await using first = await local.open({}, { clock });
    await shorten(first);
    await first.connection.queues.provision([{ name: queue }]);
    await first.connection.dispatch([toQueue(queue, 'orphan', { deliverAt })]);
    const hopped = first.faults.seen('SendMessageBatch', 2);
    await receive(first.connection, queue, () => {});
    await hopped;
  }
  await using second = await local.open({}, { clock });
  await shorten(second);
  const handled = new Handled();
  await receive(second.connection, queue, (attempt) => handled.add(attempt));
  await handled.has(1);
  expect(clock.now()).toBeGreaterThanOrEqual(deliverAt);
});
