import { Command, defineRoutes, handler, systemClock } from '@busbar/core';
import { createHarness, noRetries } from '@busbar/testing';
import { describe, expect, test } from 'vitest';

class PlaceOrder extends Command('Sales.PlaceOrder')<{ orderId: string }> {}

const routes = defineRoutes({ sales: [PlaceOrder] });

describe('when something hangs', () => {
  test('should name the message in the handler instead of waiting for ever', async () => {
    await using harness = createHarness({ limit: 50 });
    const sales = harness.endpoint('sales', {
      routes,
      handlers: [handler(PlaceOrder, () => new Promise<void>(() => {}))],
    });
    await harness.start();
    await sales.send(new PlaceOrder({ orderId: 'A-1' }), { messageId: 'm-1' });
    await expect(harness.settled()).rejects.toThrow(
      'The harness waited to settle for 50 ms of real time.\n' +
        'In a handler: Sales.PlaceOrder m-1 at endpoint "sales", in its handlers or after them.\n' +
        'Queue "sales": 1 in flight, 0 ready.',
    );
  });

  test('should say that only the clock can help', async () => {
    await using harness = createHarness({ limit: 50 });
    const sales = harness.endpoint('sales', {
      routes,
      recoverability: noRetries,
      handlers: [
        handler(PlaceOrder, () => {
          harness.broker.removeQueue('error');
          throw new Error('no stock');
        }),
      ],
    });
    await harness.start();
    await sales.send(new PlaceOrder({ orderId: 'A-1' }));
    await expect(harness.settled()).rejects.toThrow(
      /Queue "sales": 0 in flight, 1 ready\.\nQueue "sales" is not received at the moment: .*ERROR_QUEUE_UNAVAILABLE.*\nThe next timer of the clock is due in 1000 ms: `await harness\.advance\(1000\)`\.$/s,
    );
  });

  test('should name the condition that was waited for in vain', async () => {
    await using harness = createHarness({ limit: 20 });
    await expect(harness.until(() => false, 'the moon')).rejects.toThrow('waited for the moon');
  });

  test('should end an advance in which each moment causes the next one', async () => {
    await using harness = createHarness({ limit: 100 });
    const tick = (): void => void harness.clock.setTimer(tick, 0.001);
    tick();
    await expect(harness.advance('1d')).rejects.toThrow('advanced by 86400000 ms');
  });

  test('should stop a handler that hangs at its deadline, at once in real time', async () => {
    const aborted = Promise.withResolvers<number>();
    await using harness = createHarness();
    const sales = harness.endpoint('sales', {
      routes,
      handlers: [
        handler(PlaceOrder, (_, context) => {
          context.signal.addEventListener('abort', () =>
            aborted.resolve(harness.clock.monotonic()),
          );
          return new Promise<void>(() => {});
        }),
      ],
    });
    await harness.start();
    await sales.send(new PlaceOrder({ orderId: 'A-1' }));
    await harness.until(() => sales.health().receivers[0]?.inFlight === 1);
    await harness.stop();
    expect(await aborted.promise).toBe(30_000);
    expect(sales.state).toBe('stopped');
  });

  test('should refuse to advance a clock that passes by itself', async () => {
    await using harness = createHarness({ clock: systemClock });
    await expect(harness.advance('1s')).rejects.toThrow('cannot be advanced');
  });
});
