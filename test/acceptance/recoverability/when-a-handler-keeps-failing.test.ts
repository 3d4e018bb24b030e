import { Command, Event, defineRoutes, fixed, handler } from '@busbar/core';
import { createHarness, noRetries } from '@busbar/testing';
import { describe, expect, test } from 'vitest';
import { eventually, transports } from '../../support/transports.ts';

class PlaceOrder extends Command('Sales.PlaceOrder')<{ orderId: string }> {}
class OrderPlaced extends Event('Sales.OrderPlaced')<{ orderId: string }> {}

const routes = defineRoutes({ sales: [PlaceOrder] });
const placeOrder = new PlaceOrder({ orderId: 'A-1' });
const fail = (): never => {
  throw new Error('no stock');
};

describe.each(transports)('when a handler keeps failing on $name', (transport) => {
  test('should be tried at once, then delayed, then come to the error queue, with exact counts', async () => {
    await using harness = await transport.harness();
    const attempts: string[] = [];
    const sales = harness.endpoint('sales', {
      routes,
      recoverability: { immediate: 2, delayed: fixed({ attempts: 2, delay: 30 }) },
      handlers: [
        handler(PlaceOrder, (_, { attempt }) => {
          attempts.push(`${attempt.delayed}.${attempt.immediate}`);
          fail();
        }),
      ],
    });
    await harness.start();
    await sales.send(placeOrder);
    await eventually(harness, 60, () => sales.health().counts.movedToError === 1);
    await harness.settled();
    const rounds = ['0', '1', '2'];
    expect(attempts).toEqual(
      rounds.flatMap((round) => [0, 1, 2].map((each) => `${round}.${each}`)),
    );
    expect(sales.health().counts).toMatchObject({ failed: 9, delayed: 2, movedToError: 1 });
    expect(await harness.errorQueue()).toMatchObject([
      { json: { orderId: 'A-1' }, failure: { attempts: 9, message: 'no stock', queue: 'sales' } },
    ]);
  });

  test('should be handled in the end where an attempt succeeds', async () => {
    await using harness = await transport.harness();
    const sales = harness.endpoint('sales', {
      routes,
      recoverability: { immediate: 1, delayed: fixed({ attempts: 2, delay: 30 }) },
      handlers: [
        handler(PlaceOrder, (_, { attempt }) => {
          if (attempt.delayed === 0 || attempt.immediate === 0) fail();
        }),
      ],
    });
    await harness.start();
    await sales.send(placeOrder, { messageId: 'm-1' });
    await eventually(harness, 60, () => harness.handled(PlaceOrder).length === 1);
    await harness.settled();
    expect(sales.health().counts).toMatchObject({ handled: 1, failed: 3, movedToError: 0 });
    expect(harness.attempts.map(({ headers }) => headers['busbar-message-id'])).toEqual(
      Array.from({ length: 4 }, () => 'm-1'),
    );
    expect(await harness.errorQueue()).toEqual([]);
  });

  test('should send nothing of the failed attempts, and each message of the last one anew', async () => {
    await using harness = await transport.harness();
    const ids: string[] = [];
    const sales = harness.endpoint('sales', {
      routes,
      recoverability: { ...noRetries, immediate: 2 },
      handlers: [
        handler(PlaceOrder, async ({ orderId }, context) => {
          await context.publish(new OrderPlaced({ orderId }));
          if (context.attempt.immediate < 2) fail();
        }),
        handler(OrderPlaced, (_, context) => void ids.push(context.messageId)),
      ],
      observers: [{ outgoing: (headers) => void ids.push(headers['busbar-message-id'] ?? '') }],
    });
    await harness.start();
    await sales.send(placeOrder);
    await harness.settled();
    expect(harness.handled(OrderPlaced)).toHaveLength(1);
    const [, first, second, third, received] = ids;
    expect(new Set([first, second, third]).size).toBe(3);
    expect(received).toBe(third);
  });
});

describe('when a handler keeps failing', () => {
  test('should be tried 24 times over one minute by default', async () => {
    await using harness = createHarness();
    const times: number[] = [];
    const sales = harness.endpoint('sales', {
      routes,
      handlers: [
        handler(PlaceOrder, () => {
          times.push(harness.clock.monotonic() / 1_000);
          fail();
        }),
      ],
    });
    await harness.start();
    await sales.send(placeOrder);
    await harness.advance('1h');
    const rounds = [0, 10, 30, 60];
    expect(times).toEqual(rounds.flatMap((second) => Array.from({ length: 6 }, () => second)));
    expect(await harness.errorQueue()).toMatchObject([
      { failure: { attempts: 24, at: new Date('2026-01-01T00:01:00Z') } },
    ]);
  });

  test('should be tried once where retries are off', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', {
      routes,
      recoverability: noRetries,
      handlers: [handler(PlaceOrder, fail)],
    });
    await harness.start();
    await sales.send(placeOrder);
    await harness.settled();
    expect(await harness.errorQueue()).toMatchObject([{ failure: { attempts: 1 } }]);
  });

  test('should say what happens to observers and in the log', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', {
      routes,
      recoverability: { immediate: 1, delayed: fixed({ attempts: 1, delay: '10s' }) },
      handlers: [handler(PlaceOrder, fail, { name: 'placeOrder' })],
    });
    await harness.start();
    await sales.send(placeOrder, { messageId: 'm-1' });
    await harness.advance('10s');
    expect(harness.observed('failed')).toHaveLength(4);
    expect(harness.observed('immediate-retry').map(({ attempt }) => attempt)).toEqual([1, 1]);
    expect(harness.observed('delayed-retry')).toMatchObject([{ queue: 'sales', delayMs: 10_000 }]);
    expect(harness.observed('moved-to-error')).toMatchObject([
      { queue: 'sales', error: { message: 'no stock' } },
    ]);
    const lines = harness.logger.entries.filter(({ fields }) => fields['messageId'] === 'm-1');
    expect(lines.map(({ level, message }) => `${level}: ${message}`)).toEqual([
      'info: A message failed and is tried again at once',
      'warn: A message failed and is tried again in 10000 ms',
      'info: A message failed and is tried again at once',
      'error: A message was moved to the error queue "error"',
    ]);
    expect(lines[0]?.fields).toMatchObject({
      endpoint: 'sales',
      messageType: 'Sales.PlaceOrder',
      handler: 'placeOrder',
      code: 'Error',
    });
  });

  test.each([
    ['text', 'out of stock', 'Something that is no Error was thrown: out of stock.'],
    ['nothing', undefined, 'Something that is no Error was thrown: undefined.'],
    ['an object', { reason: 'x' }, 'Something that is no Error was thrown: {"reason":"x"}.'],
  ])('should treat %s that is thrown as an error', async (_, thrown, text) => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', {
      routes,
      recoverability: noRetries,
      handlers: [
        handler(PlaceOrder, () => {
          // oxlint-disable-next-line typescript/only-throw-error, no-throw-literal -- what this test is about
          throw thrown;
        }),
      ],
    });
    await harness.start();
    await sales.send(placeOrder);
    await harness.settled();
    expect(await harness.errorQueue()).toMatchObject([
      { failure: { code: 'NOT_AN_ERROR', message: expect.stringContaining(text) as string } },
    ]);
  });
});
