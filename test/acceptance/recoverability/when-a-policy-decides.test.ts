import {
  Command,
  Event,
  type Failure,
  RetryAt,
  type RecoveryAction,
  decideRecovery,
  defineRoutes,
  handler,
} from '@busbar/core';
import { createHarness, noRetries } from '@busbar/testing';
import { describe, expect, test } from 'vitest';

class PlaceOrder extends Command('Sales.PlaceOrder')<{ orderId: string }> {}
class OrderPlaced extends Event('Sales.OrderPlaced')<{ orderId: string }> {}

const routes = defineRoutes({ sales: [PlaceOrder] });
const placeOrder = new PlaceOrder({ orderId: 'A-1' });
const fail = (): never => {
  throw new Error('no stock');
};

describe('when a policy decides', () => {
  test('should know the message, the error and the counts, and may fall back on the default', async () => {
    await using harness = createHarness();
    const seen: Failure[] = [];
    const sales = harness.endpoint('sales', {
      routes,
      recoverability: {
        immediate: 1,
        policy: (failure, settings) => {
          seen.push(failure);
          return decideRecovery(failure, settings);
        },
      },
      handlers: [handler(PlaceOrder, fail)],
    });
    await harness.start();
    await sales.send(placeOrder, { messageId: 'm-1', headers: { tenant: 'acme' } });
    await harness.advance('1h');
    expect(seen[0]).toMatchObject({
      messageId: 'm-1',
      headers: { tenant: 'acme', 'busbar-enclosed-types': 'Sales.PlaceOrder' },
      error: { message: 'no stock' },
      now: Date.parse('2026-01-01T00:00:00Z'),
    });
    const counts = seen.map((each) => [each.delayedAttempts, each.immediateFailures]);
    expect(counts).toEqual(
      [0, 1, 2, 3].flatMap((round) => [
        [round, 1],
        [round, 2],
      ]),
    );
  });

  test('should discard, log and count', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', {
      routes,
      recoverability: { policy: () => ({ action: 'discard', reason: 'nobody cares' }) },
      handlers: [
        handler(PlaceOrder, async ({ orderId }, context) => {
          await context.publish(new OrderPlaced({ orderId }));
          fail();
        }),
      ],
    });
    await harness.start();
    await sales.send(placeOrder);
    await harness.settled();
    expect(sales.health().counts).toMatchObject({ discarded: 1, failed: 1, movedToError: 0 });
    expect(harness.observed('discarded')).toMatchObject([{ reason: 'nobody cares' }]);
    expect(harness.logger.messages('warn')).toEqual([
      'A failed message was discarded: nobody cares',
    ]);
    expect(await harness.errorQueue()).toEqual([]);
    expect(harness.published(OrderPlaced)).toEqual([]);
  });

  test('should choose another error queue', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', {
      routes,
      recoverability: { policy: () => ({ action: 'error', queue: 'poison' }) },
      handlers: [handler(PlaceOrder, fail)],
    });
    await harness.start();
    await (await harness.queues()).provision([{ name: 'poison' }]);
    await sales.send(placeOrder);
    await harness.settled();
    expect(await harness.errorQueue('poison')).toHaveLength(1);
    expect(await harness.errorQueue()).toEqual([]);
  });

  test.each<[string, (now: number) => RecoveryAction, number, number]>([
    ['a delay', () => ({ action: 'delayed', delayMs: 5_000 }), 5_000, 1],
    ['a moment', (now) => ({ action: 'retry-at', at: now + 5_000 }), 5_000, 0],
    ['a moment that has passed', () => ({ action: 'retry-at', at: 0 }), 0, 0],
  ])('should choose %s', async (_, decide, ms, delayed) => {
    await using harness = createHarness();
    const attempts: unknown[] = [];
    const sales = harness.endpoint('sales', {
      routes,
      recoverability: { policy: ({ now }) => decide(now) },
      handlers: [
        handler(PlaceOrder, (_message, { attempt }) => {
          attempts.push([harness.clock.monotonic(), attempt.delayed]);
          if (attempts.length === 1) fail();
        }),
      ],
    });
    await harness.start();
    await sales.send(placeOrder);
    await harness.advance('1h');
    expect(attempts).toEqual([
      [0, 0],
      [ms, delayed],
    ]);
  });

  test('should leave the decision to the default when it throws', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', {
      routes,
      recoverability: {
        ...noRetries,
        policy: () => {
          throw new TypeError('policy is broken');
        },
      },
      handlers: [handler(PlaceOrder, fail)],
    });
    await harness.start();
    await sales.send(placeOrder, { messageId: 'm-1' });
    await harness.settled();
    expect(await harness.errorQueue()).toMatchObject([{ failure: { message: 'no stock' } }]);
    expect(harness.logger.entries).toContainEqual({
      level: 'error',
      message: 'The recoverability policy threw; the default policy decides about this message',
      fields: expect.objectContaining({ messageId: 'm-1', endpoint: 'sales' }) as object,
    });
  });
});

describe('when a handler names the time of its retry', () => {
  test('should come again then, any number of times, without counting', async () => {
    await using harness = createHarness();
    const times: string[] = [];
    const sales = harness.endpoint('sales', {
      routes,
      recoverability: noRetries,
      handlers: [
        handler(PlaceOrder, (_, { attempt }) => {
          times.push(
            `${harness.clock.monotonic() / 1_000}: ${attempt.delayed}.${attempt.immediate}`,
          );
          if (times.length < 10) throw new RetryAt(new Date(harness.clock.now() + 60_000));
        }),
      ],
    });
    await harness.start();
    await sales.send(placeOrder);
    await harness.advance('1h');
    expect(times).toEqual(Array.from({ length: 10 }, (_, minute) => `${minute * 60}: 0.0`));
    expect(sales.health().counts).toMatchObject({ handled: 1, movedToError: 0 });
  });

  test('should come again at once when that time has passed, not more often than the queue turns', async () => {
    await using harness = createHarness();
    let attempts = 0;
    const sales = harness.endpoint('sales', {
      routes,
      handlers: [
        handler(PlaceOrder, () => {
          attempts += 1;
          if (attempts < 100) throw new RetryAt(new Date(0));
        }),
      ],
    });
    await harness.start();
    await sales.send(placeOrder);
    await harness.settled();
    expect(attempts).toBe(100);
    expect(harness.handled(PlaceOrder)).toHaveLength(1);
  });
});
