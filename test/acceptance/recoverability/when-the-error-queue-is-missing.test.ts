import { Command, defineRoutes, handler } from '@busbar/core';
import { createHarness, noRetries } from '@busbar/testing';
import { describe, expect, test } from 'vitest';

class PlaceOrder extends Command('Sales.PlaceOrder')<{ orderId: string }> {}

const routes = defineRoutes({ sales: [PlaceOrder] });
const fail = (): never => {
  throw new Error('no stock');
};

describe('when the error queue is missing', () => {
  test('should lose nothing, say that it is unhealthy, and recover by itself', async () => {
    await using harness = createHarness();
    const criticals: Error[] = [];
    const sales = harness.endpoint('sales', {
      routes,
      recoverability: noRetries,
      onCriticalError: (error) => criticals.push(error),
      handlers: [handler(PlaceOrder, fail)],
    });
    await harness.start();
    harness.broker.removeQueue('error');
    for (const orderId of ['A-1', 'A-2', 'A-3']) await sales.send(new PlaceOrder({ orderId }));
    await harness.until(() => sales.health().status === 'unhealthy');
    expect(sales.health()).toMatchObject({
      connected: true,
      problems: [
        expect.stringContaining('could not be moved to the error queue "error"') as string,
        expect.stringContaining('queue "sales" is not received') as string,
      ],
      counts: { handled: 0, movedToError: 0 },
    });
    expect(criticals[0]).toMatchObject({
      code: 'ERROR_QUEUE_UNAVAILABLE',
      cause: { code: 'UNDELIVERABLE' },
      details: { errorQueue: 'error' },
    });
    expect(harness.logger.messages('error')).toContain('Critical error');
    expect(harness.observed('critical')[0]).toMatchObject({ endpoint: 'sales' });

    await harness.advance('10m');
    const queues = await harness.queues();
    expect(await queues.peek('sales', 10)).toHaveLength(3);

    await queues.provision([{ name: 'error' }]);
    await harness.advance('30s');
    await harness.settled();
    expect((await harness.errorQueue()).map(({ json }) => json)).toEqual([
      { orderId: 'A-1' },
      { orderId: 'A-2' },
      { orderId: 'A-3' },
    ]);
    expect(sales.health()).toMatchObject({ status: 'healthy', counts: { movedToError: 3 } });
  });

  test('should try one message at a time, with pauses that grow to half a minute', async () => {
    await using harness = createHarness();
    const times: number[] = [];
    const sales = harness.endpoint('sales', {
      routes,
      recoverability: noRetries,
      handlers: [
        handler(PlaceOrder, () => {
          times.push(harness.clock.monotonic() / 1_000);
          fail();
        }),
      ],
    });
    await harness.start();
    harness.broker.removeQueue('error');
    await sales.send(new PlaceOrder({ orderId: 'A-1' }));
    await sales.send(new PlaceOrder({ orderId: 'A-2' }));
    await harness.advance('2m');
    const [firstRound, ...rest] = [times.filter((time) => time === 0), ...times.filter(Boolean)];
    expect(firstRound).toHaveLength(2);
    expect(rest).toEqual([1, 3, 7, 15, 31, 61, 91]);
  });

  test('should go on with all others once it is back', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', {
      routes,
      recoverability: noRetries,
      handlers: [
        handler(PlaceOrder, ({ orderId }) => {
          if (orderId === 'bad') fail();
        }),
      ],
    });
    await harness.start();
    harness.broker.removeQueue('error');
    await sales.send(new PlaceOrder({ orderId: 'bad' }));
    for (let index = 0; index < 5; index += 1) {
      await sales.send(new PlaceOrder({ orderId: `A-${index}` }));
    }
    await harness.advance('10m');
    await (await harness.queues()).provision([{ name: 'error' }]);
    await harness.advance('1m');
    expect(harness.handled(PlaceOrder)).toHaveLength(5);
    expect(await harness.errorQueue()).toHaveLength(1);
  });

  test('should keep the message where the hook for critical errors throws', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', {
      routes,
      recoverability: noRetries,
      onCriticalError: () => {
        throw new Error('the pager is broken');
      },
      handlers: [handler(PlaceOrder, fail)],
    });
    await harness.start();
    harness.broker.removeQueue('error');
    await sales.send(new PlaceOrder({ orderId: 'A-1' }));
    await harness.until(() => sales.health().status === 'unhealthy');
    expect(harness.logger.messages('error')).toContain('The critical-error hook threw');
    await (await harness.queues()).provision([{ name: 'error' }]);
    await harness.advance('1m');
    expect(await harness.errorQueue()).toHaveLength(1);
  });

  test('should keep the message where the queue of a delayed retry is missing too', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', {
      routes,
      recoverability: { immediate: 0 },
      handlers: [
        handler(PlaceOrder, (_, { attempt }) => {
          if (attempt.delayed > 0) return;
          harness.broker.removeQueue('sales');
          fail();
        }),
      ],
    });
    await harness.start();
    await sales.send(new PlaceOrder({ orderId: 'A-1' }));
    await harness.until(() => harness.observed('critical').length === 1);
    expect(sales.health().status).toBe('unhealthy');
    expect(sales.health().counts).toMatchObject({ handled: 0, movedToError: 0 });
  });
});
