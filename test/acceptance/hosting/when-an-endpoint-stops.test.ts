import {
  Command,
  type Endpoint,
  Event,
  type HandlerContext,
  type MemoryStorage,
  defineRoutes,
  handler,
  memoryPersistence,
} from '@busbar/core';
import { createHarness } from '@busbar/testing';
import { describe, expect, test } from 'vitest';
import { transports } from '../../support/transports.ts';

class PlaceOrder extends Command('Sales.PlaceOrder')<{ orderId: string }> {}
class OrderPlaced extends Event('Sales.OrderPlaced')<{ orderId: string }> {}

type Context = HandlerContext<typeof routes, MemoryStorage>;

const routes = defineRoutes({ sales: [PlaceOrder] });
const placeOrder = new PlaceOrder({ orderId: 'A-1' });

describe.each(transports)('when an endpoint stops on $name', (transport) => {
  test('should wait for what is in its handlers, and leave the rest in the queue', async () => {
    await using harness = await transport.harness();
    const gate = Promise.withResolvers<void>();
    let inside = 0;
    const sales = harness.endpoint('sales', {
      routes,
      concurrency: 2,
      handlers: [
        handler(PlaceOrder, async ({ orderId }, context) => {
          inside += 1;
          await gate.promise;
          await context.publish(new OrderPlaced({ orderId }));
        }),
      ],
    });
    await harness.start();
    for (let index = 0; index < 10; index += 1) {
      await sales.send(new PlaceOrder({ orderId: `A-${index}` }));
    }
    await harness.until(() => inside === 2);
    let stopped = false;
    const stopping = sales.stop().then(() => (stopped = true));
    await Promise.resolve();
    expect(sales.state).toBe('stopping');
    expect(stopped).toBe(false);
    gate.resolve();
    await stopping;
    expect(sales.state).toBe('stopped');
    expect(harness.handled(PlaceOrder)).toHaveLength(2);
    expect(harness.published(OrderPlaced)).toHaveLength(2);
    const queues = await (await harness.queues()).list();
    expect(queues.find(({ name }) => name === 'sales')).toMatchObject({ ready: 8, inFlight: 0 });
  });

  test('should stop once, however often and from wherever it is asked', async () => {
    await using harness = await transport.harness();
    const sales = harness.endpoint('sales');
    await harness.start();
    await Promise.all([sales.stop(), sales.stop(), sales[Symbol.asyncDispose]()]);
    await sales.stop();
    expect(
      harness.logger.messages('info').filter((line) => line === 'Endpoint stopped'),
    ).toHaveLength(1);
  });

  test('should stop at once when nothing goes on, or when it was never started', async () => {
    await using harness = await transport.harness();
    const sales = harness.endpoint('sales');
    const unused = harness.endpoint('unused');
    await sales.start();
    await sales.stop();
    await unused.stop();
    expect([sales.state, unused.state]).toEqual(['stopped', 'stopped']);
  });

  test('should end a start that is under way, then stop', async () => {
    await using harness = await transport.harness();
    const sales = harness.endpoint('sales', { routes });
    const starting = sales.start();
    const stopping = sales.stop();
    await starting;
    await stopping;
    expect(sales.state).toBe('stopped');
    await expect(sales.send(placeOrder)).rejects.toMatchObject({ code: 'STOPPED' });
  });
});

describe('when an endpoint stops', () => {
  test('should fence a handler at the deadline: nothing of it counts, and its message comes again', async () => {
    await using harness = createHarness();
    const persistence = memoryPersistence();
    const gate = Promise.withResolvers<void>();
    const aborted: unknown[] = [];
    const late: unknown[] = [];
    const over = Promise.withResolvers<void>();
    const sales = harness.endpoint('sales', {
      routes,
      persistence,
      handlers: [
        handler(PlaceOrder, async ({ orderId }, context: Context) => {
          context.storage.set('by', 'the first');
          await context.publish(new OrderPlaced({ orderId }));
          context.signal.addEventListener('abort', () => aborted.push(context.signal.reason));
          await gate.promise;
          await context
            .publish(new OrderPlaced({ orderId: 'late' }), { dispatch: 'immediate' })
            .catch((error) => late.push(error));
          over.resolve();
        }),
      ],
    });
    await harness.start();
    await sales.send(placeOrder, { messageId: 'm-1' });
    await harness.until(() => sales.health().receivers[0]?.inFlight === 1);
    const stopping = sales.stop({ deadline: '5s' });
    await harness.advance(4_999);
    expect(aborted).toEqual([]);
    await harness.advance(1);
    await stopping;
    expect(aborted).toMatchObject([
      {
        code: 'DELIVERY_LOST',
        message: expect.stringContaining('the endpoint stopped before the handler ended') as string,
      },
    ]);
    expect(harness.logger.messages('warn')).toEqual([
      'A handler did not end before the stop deadline; its message was given back',
    ]);

    gate.resolve();
    await over.promise;
    await harness.settled();
    expect(late).toMatchObject([{ code: 'DELIVERY_LOST' }]);
    expect(persistence.committed.size).toBe(0);
    expect(harness.published(OrderPlaced)).toEqual([]);

    harness.endpoint('sales', {
      persistence,
      handlers: [
        handler(PlaceOrder, (_, { storage, messageId }: Context) => {
          storage.set('by', `the second, ${messageId}`);
        }),
      ],
    });
    await harness.start();
    await harness.settled();
    expect(persistence.committed.get('by')).toBe('the second, m-1');
  });

  test('should fence at the deadline of its configuration where the call names none', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', {
      routes,
      stopDeadline: '2s',
      handlers: [handler(PlaceOrder, () => new Promise(() => {}))],
    });
    await harness.start();
    await sales.send(placeOrder);
    await harness.until(() => sales.health().receivers[0]?.inFlight === 1);
    await harness.stop();
    expect(harness.clock.monotonic()).toBe(2_000);
    expect(sales.state).toBe('stopped');
  });

  test('should refuse a deadline that is none, and stop when it is asked properly', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales');
    await harness.start();
    const wrong = sales.stop({ deadline: 'soon' as '5s' });
    await expect(wrong).rejects.toMatchObject({ code: 'INVALID_DURATION' });
    expect(sales.state).toBe('running');
    await sales.stop();
    expect(sales.state).toBe('stopped');
  });

  test('should refuse inside a handler, where it would wait for that very handler', async () => {
    await using harness = createHarness();
    const refusals: unknown[] = [];
    const sales: Endpoint<typeof routes> = harness.endpoint('sales', {
      routes,
      handlers: [handler(PlaceOrder, () => sales.stop().catch((error) => refusals.push(error)))],
    });
    await harness.start();
    await sales.send(placeOrder);
    await harness.settled();
    expect(refusals).toMatchObject([
      {
        code: 'STOP_IN_HANDLER',
        message: expect.stringContaining(
          'endpoint.stop() of "sales" was called inside a handler',
        ) as string,
      },
    ]);
    expect(sales.state).toBe('running');
  });

  test('should be stopped by code that the handler tells and that outlives it', async () => {
    await using harness = createHarness();
    const asked = Promise.withResolvers<void>();
    const sales = harness.endpoint('sales', {
      routes,
      handlers: [handler(PlaceOrder, () => asked.resolve())],
    });
    const stopped = asked.promise.then(() => sales.stop());
    await harness.start();
    await sales.send(placeOrder);
    await stopped;
    expect(sales.state).toBe('stopped');
    expect(harness.handled(PlaceOrder)).toHaveLength(1);
  });

  test('should refuse everything afterwards', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', { routes });
    await harness.start();
    await sales.stop();
    for (const late of [
      sales.send(placeOrder),
      sales.sendLocal(placeOrder),
      sales.publish(new OrderPlaced({ orderId: 'A-1' })),
      sales.request(placeOrder),
    ]) {
      await expect(late).rejects.toMatchObject({ code: 'STOPPED' });
    }
    expect(sales.health()).toMatchObject({
      status: 'unhealthy',
      problems: ['the endpoint is stopped', 'the transport is not connected: unknown reason'],
    });
  });

  test('should give back a message that waits for its next attempt', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', {
      routes,
      recoverability: { immediate: 0, onLaneFailure: 'block' },
      handlers: [
        handler(PlaceOrder, () => {
          throw new Error('no stock');
        }),
      ],
    });
    await harness.start();
    await sales.send(placeOrder, { partitionKey: 'A-1' });
    await harness.until(() => sales.health().counts.delayed === 1);
    await sales.stop();
    expect(harness.clock.monotonic()).toBe(0);
    expect(await (await harness.queues()).peek('sales', 10)).toHaveLength(1);
  });
});
