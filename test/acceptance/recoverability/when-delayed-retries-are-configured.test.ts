import {
  Command,
  type DelayedRetries,
  defineRoutes,
  exponential,
  fixed,
  handler,
  linear,
} from '@busbar/core';
import { createHarness } from '@busbar/testing';
import { describe, expect, test } from 'vitest';

class PlaceOrder extends Command('Sales.PlaceOrder')<{ orderId: string }> {}

const routes = defineRoutes({ sales: [PlaceOrder] });

async function secondsOfAttempts(delayed: DelayedRetries): Promise<readonly number[]> {
  await using harness = createHarness();
  const times: number[] = [];
  const sales = harness.endpoint('sales', {
    routes,
    recoverability: { immediate: 0, delayed },
    handlers: [
      handler(PlaceOrder, () => {
        times.push(harness.clock.monotonic() / 1_000);
        throw new Error('no stock');
      }),
    ],
  });
  await harness.start();
  await sales.send(new PlaceOrder({ orderId: 'A-1' }));
  await harness.advance('1d');
  return times;
}

describe('when delayed retries are configured', () => {
  test('should wait the same each time with fixed', async () => {
    const times = await secondsOfAttempts(fixed({ attempts: 3, delay: '5s' }));
    expect(times).toEqual([0, 5, 10, 15]);
  });

  test('should wait one step longer each time with linear', async () => {
    const times = await secondsOfAttempts(linear({ attempts: 3, step: '10s' }));
    expect(times).toEqual([0, 10, 30, 60]);
  });

  test('should wait twice as long each time with exponential, up to the limit', async () => {
    const delayed = exponential({ attempts: 5, from: '5s', to: '30s', jitter: 0 });
    expect(await secondsOfAttempts(delayed)).toEqual([0, 5, 15, 35, 65, 95]);
  });

  test('should spread with jitter, and stay within it', async () => {
    const delayed = exponential({ attempts: 1, from: '100s', to: '1h', jitter: 0.2 });
    const runs = await Promise.all(Array.from({ length: 20 }, () => secondsOfAttempts(delayed)));
    const delays = runs.map((times) => times[1]!);
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(80);
    expect(Math.max(...delays)).toBeLessThanOrEqual(120);
    expect(new Set(delays).size).toBeGreaterThan(1);
  });

  test('should take a strategy of the users own', async () => {
    const times = await secondsOfAttempts({
      attempts: 2,
      description: 'squares',
      delayMs: (attempt) => attempt ** 2 * 1_000,
    });
    expect(times).toEqual([0, 1, 5]);
  });
});
