import { Command, defineRoutes, handler, linear, pause, systemClock } from '@busbar/core';
import { createHarness } from '@busbar/testing';
import { describe, expect, test } from 'vitest';

class PlaceOrder extends Command('Sales.PlaceOrder')<{ orderId: string }> {}
class RemindCustomer extends Command('Sales.RemindCustomer')<{ orderId: string; day: number }> {}

const routes = defineRoutes({ sales: [PlaceOrder, RemindCustomer] });

describe('when time passes', () => {
  test('should deliver each delayed message at its moment, those that they cause included', async () => {
    await using harness = createHarness();
    const days: string[] = [];
    const sales = harness.endpoint('sales', {
      routes,
      handlers: [
        handler(RemindCustomer, async ({ orderId, day }, context) => {
          days.push(`${day}: ${new Date(harness.clock.now()).toISOString()}`);
          if (day < 3) {
            await context.sendLocal(new RemindCustomer({ orderId, day: day + 1 }), { delay: '1d' });
          }
        }),
      ],
    });
    await harness.start();
    await sales.send(new RemindCustomer({ orderId: 'A-1', day: 1 }), { delay: '1d' });
    await harness.settled();
    expect(days).toEqual([]);
    await harness.advance('10d');
    expect(days).toEqual([
      '1: 2026-01-02T00:00:00.000Z',
      '2: 2026-01-03T00:00:00.000Z',
      '3: 2026-01-04T00:00:00.000Z',
    ]);
    expect(harness.clock.now()).toBe(Date.parse('2026-01-11T00:00:00Z'));
  });

  test('should go through delayed retries', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', {
      routes,
      recoverability: { immediate: 0, delayed: linear({ attempts: 2, step: '10s' }) },
      handlers: [
        handler(PlaceOrder, () => {
          throw new Error('no stock');
        }),
      ],
    });
    await harness.start();
    await sales.send(new PlaceOrder({ orderId: 'A-1' }));
    await harness.settled();
    expect(harness.failures(PlaceOrder)).toHaveLength(1);
    await harness.advance('10s');
    expect(harness.failures(PlaceOrder)).toHaveLength(2);
    await harness.advance('19999ms');
    expect(harness.failures(PlaceOrder)).toHaveLength(2);
    await harness.advance(1);
    expect(harness.failures(PlaceOrder)).toHaveLength(3);
    expect(await harness.errorQueue()).toHaveLength(1);
  });

  test('should wake a handler that waits for the clock', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', {
      routes,
      handlers: [handler(PlaceOrder, () => pause(harness.clock, 60_000))],
    });
    await harness.start();
    await sales.send(new PlaceOrder({ orderId: 'A-1' }));
    await harness.advance('59s');
    expect(harness.handled(PlaceOrder)).toHaveLength(0);
    await harness.advance('1s');
    expect(harness.handled(PlaceOrder)).toHaveLength(1);
  });

  test('should give a handler the real time that its input and output take', async () => {
    await using harness = createHarness();
    const times: number[] = [];
    const sales = harness.endpoint('sales', {
      routes,
      handlers: [
        handler(PlaceOrder, async () => {
          await pause(systemClock, 10);
          times.push(harness.clock.monotonic());
        }),
      ],
    });
    await harness.start();
    await sales.send(new PlaceOrder({ orderId: 'A-1' }), { delay: '1s' });
    await sales.send(new PlaceOrder({ orderId: 'A-2' }), { delay: '2s' });
    await harness.advance('1h');
    expect(times).toEqual([1_000, 2_000]);
  });

  test('should leave a handler behind that waits for something else', async () => {
    await using harness = createHarness();
    const gate = Promise.withResolvers<void>();
    const sales = harness.endpoint('sales', {
      routes,
      handlers: [handler(PlaceOrder, () => gate.promise)],
    });
    await harness.start();
    await sales.send(new PlaceOrder({ orderId: 'A-1' }));
    await harness.advance('1h');
    expect(harness.clock.monotonic()).toBe(3_600_000);
    gate.resolve();
    await harness.settled();
    expect(harness.handled(PlaceOrder)).toHaveLength(1);
  });
});
