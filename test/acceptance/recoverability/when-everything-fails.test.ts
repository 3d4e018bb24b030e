import { Command, defineRoutes, handler } from '@busbar/core';
import { createHarness, noRetries } from '@busbar/testing';
import { describe, expect, test } from 'vitest';

class PlaceOrder extends Command('Sales.PlaceOrder')<{ number: number }> {}

const routes = defineRoutes({ sales: [PlaceOrder] });
const rateLimit = { afterFailures: 3, pause: '1s', longestPause: '4s' } as const;

describe('when everything fails', () => {
  test('should try one message at a time with growing pauses, and lift that with one success', async () => {
    await using harness = createHarness();
    const times: number[] = [];
    let broken = true;
    const sales = harness.endpoint('sales', {
      routes,
      concurrency: 1,
      recoverability: { ...noRetries, rateLimit },
      handlers: [
        handler(PlaceOrder, () => {
          times.push(harness.clock.monotonic() / 1_000);
          if (broken) throw new Error('database is down');
        }),
      ],
    });
    await harness.start();
    for (let number = 0; number < 20; number += 1) await sales.send(new PlaceOrder({ number }));
    await harness.advance('16s');
    expect(times).toEqual([0, 0, 0, 1, 3, 7, 11, 15]);
    expect(sales.health()).toMatchObject({
      status: 'degraded',
      rateLimited: true,
      problems: ['everything fails: messages are tried one at a time'],
    });
    broken = false;
    await harness.advance('3s');
    expect(times).toHaveLength(20);
    expect(times.slice(8)).toEqual(Array.from({ length: 12 }, () => 19));
    expect(sales.health()).toMatchObject({ status: 'healthy', rateLimited: false });
    expect(harness.observed('rate-limited').map(({ active }) => active)).toEqual([true, false]);
  });

  test('should cost no more than a few messages their retries, whatever the concurrency', async () => {
    await using harness = createHarness();
    const times: number[] = [];
    const all = Promise.withResolvers<void>();
    const sales = harness.endpoint('sales', {
      routes,
      concurrency: 8,
      recoverability: { ...noRetries, rateLimit },
      handlers: [
        handler(PlaceOrder, async () => {
          times.push(harness.clock.monotonic() / 1_000);
          if (times.length === 8) all.resolve();
          await all.promise;
          throw new Error('database is down');
        }),
      ],
    });
    await harness.start();
    for (let number = 0; number < 50; number += 1) await sales.send(new PlaceOrder({ number }));
    await harness.advance('8s');
    expect(times.slice(0, 8)).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
    // Those that were under way when the limit began are no probes, so the first pauses are short all the same.
    expect(times.slice(8)).toEqual([1, 3, 7]);
    expect(sales.health().counts.movedToError).toBe(11);
  });

  test('should not begin for one message that keeps failing', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', {
      routes,
      recoverability: { ...noRetries, immediate: 20, rateLimit },
      handlers: [
        handler(PlaceOrder, () => {
          throw new Error('this one is broken');
        }),
      ],
    });
    await harness.start();
    await sales.send(new PlaceOrder({ number: 1 }));
    await harness.settled();
    expect(sales.health()).toMatchObject({ rateLimited: false, counts: { failed: 21 } });
  });

  test('should not begin while something succeeds in between', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', {
      routes,
      concurrency: 1,
      recoverability: { ...noRetries, rateLimit },
      handlers: [
        handler(PlaceOrder, ({ number }) => {
          if (number % 3 !== 0) throw new Error('two of three are broken');
        }),
      ],
    });
    await harness.start();
    for (let number = 0; number < 30; number += 1) await sales.send(new PlaceOrder({ number }));
    await harness.settled();
    expect(sales.health()).toMatchObject({ rateLimited: false, counts: { handled: 10 } });
  });

  test('should hand back a message that waits for its probe when the endpoint stops', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', {
      routes,
      concurrency: 1,
      recoverability: {
        ...noRetries,
        rateLimit: { ...rateLimit, pause: '10s', longestPause: '1m' },
      },
      handlers: [
        handler(PlaceOrder, () => {
          throw new Error('database is down');
        }),
      ],
    });
    await harness.start();
    for (let number = 0; number < 5; number += 1) await sales.send(new PlaceOrder({ number }));
    await harness.until(
      () => sales.health().rateLimited && sales.health().receivers[0]?.inFlight === 1,
    );
    await sales.stop();
    expect(harness.clock.monotonic()).toBe(0);
    expect(harness.failures(PlaceOrder)).toHaveLength(3);
    expect(await (await harness.queues()).peek('sales', 10)).toHaveLength(2);
  });
});
