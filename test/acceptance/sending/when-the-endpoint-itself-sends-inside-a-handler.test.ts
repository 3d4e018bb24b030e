import { Command, type Endpoint, Event, defineRoutes, handler } from '@busbar/core';
import { type Harness, createHarness, noRetries } from '@busbar/testing';
import { describe, expect, test } from 'vitest';

class PlaceOrder extends Command('Sales.PlaceOrder')<{ orderId: string }> {}
class BillOrder extends Command('Sales.BillOrder')<{ orderId: string }> {}
class OrderPlaced extends Event('Sales.OrderPlaced')<{ orderId: string }> {}

const routes = defineRoutes({ sales: [PlaceOrder, BillOrder] });
const orderId = 'A-1';

type Sales = Endpoint<typeof routes>;

function salesIn(harness: Harness, place: (sales: Sales) => unknown): Sales {
  const sales: Sales = harness.endpoint('sales', {
    routes,
    recoverability: noRetries,
    handlers: [handler(PlaceOrder, () => place(sales)), handler(BillOrder, () => {})],
  });
  return sales;
}

describe('when the endpoint itself sends inside a handler', () => {
  test.each([
    ['send', (sales: Sales) => sales.send(new BillOrder({ orderId }))],
    ['send', (sales: Sales) => sales.sendLocal(new BillOrder({ orderId }))],
    ['publish', (sales: Sales) => sales.publish(new OrderPlaced({ orderId }))],
  ])('should fail the attempt and name context.%s', async (method, place) => {
    await using harness = createHarness();
    const sales = salesIn(harness, place);
    await harness.start();
    await sales.send(new PlaceOrder({ orderId }));
    await harness.settled();
    expect(harness.failures(PlaceOrder)[0]).toMatchObject({
      code: 'SEND_OUTSIDE_CONTEXT',
      help: expect.stringContaining(`Use context.${method}()`) as string,
    });
    expect(harness.outgoing).toHaveLength(1);
  });

  test('should find out in whatever the handler calls, timers and callbacks included', async () => {
    await using harness = createHarness();
    const sales = salesIn(harness, async (endpoint) => {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      queueMicrotask(() => void endpoint.send(new BillOrder({ orderId })).then(resolve, reject));
      await promise;
    });
    await harness.start();
    await sales.send(new PlaceOrder({ orderId }));
    await harness.settled();
    expect(harness.failures(PlaceOrder)[0]).toMatchObject({ code: 'SEND_OUTSIDE_CONTEXT' });
  });

  test('should fail the attempt, not the process, where the handler does not await it', async () => {
    await using harness = createHarness();
    const sales = salesIn(harness, (endpoint) => {
      void endpoint.send(new BillOrder({ orderId }));
    });
    await harness.start();
    await sales.send(new PlaceOrder({ orderId }));
    await harness.settled();
    expect(harness.failures(PlaceOrder)[0]).toMatchObject({ code: 'SEND_OUTSIDE_CONTEXT' });
    expect(harness.outgoing).toHaveLength(1);
  });

  test('should find out for another endpoint of the process, too', async () => {
    await using harness = createHarness();
    const other = harness.endpoint('other', { routes });
    const sales = salesIn(harness, () => other.send(new BillOrder({ orderId })));
    await harness.start();
    await sales.send(new PlaceOrder({ orderId }));
    await harness.settled();
    expect(harness.failures(PlaceOrder)[0]).toMatchObject({ code: 'SEND_OUTSIDE_CONTEXT' });
  });

  test('should send where it is asked to by name', async () => {
    await using harness = createHarness();
    const sales = salesIn(harness, async (endpoint) => {
      await endpoint.send(new BillOrder({ orderId }), { dispatch: 'immediate' });
      throw new Error('no stock');
    });
    await harness.start();
    await sales.send(new PlaceOrder({ orderId }));
    await harness.settled();
    expect(harness.handled(BillOrder)).toHaveLength(1);
    expect(harness.handled(PlaceOrder)).toHaveLength(0);
  });

  test('should let code send that the handler started and that outlives it', async () => {
    await using harness = createHarness();
    const over = Promise.withResolvers<void>();
    const sent = Promise.withResolvers<void>();
    const sales = salesIn(harness, (endpoint) => {
      void over.promise
        .then(() => endpoint.send(new BillOrder({ orderId })))
        .then(sent.resolve, sent.reject);
    });
    await harness.start();
    await sales.send(new PlaceOrder({ orderId }));
    await harness.settled();
    over.resolve();
    await sent.promise;
    await harness.settled();
    expect(harness.handled(BillOrder)).toHaveLength(1);
  });
});
