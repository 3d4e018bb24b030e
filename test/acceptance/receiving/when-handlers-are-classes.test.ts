import {
  Command,
  Event,
  type HandlerClass,
  type HandlerContainer,
  type HandlerContext,
  type MessageScope,
  defineRoutes,
} from '@busbar/core';
import { handles } from '@busbar/core/decorators';
import { createHarness, noRetries } from '@busbar/testing';
import { describe, expect, test } from 'vitest';

class PlaceOrder extends Command('Sales.PlaceOrder')<{ orderId: string }> {}
class CancelOrder extends Command('Sales.CancelOrder')<{ orderId: string }> {}
class OrderPlaced extends Event('Sales.OrderPlaced')<{ orderId: string }> {}

const routes = defineRoutes({ sales: [PlaceOrder, CancelOrder] });

class Orders {
  readonly placed: string[] = [];
}

class OrderHandlers {
  static made = 0;
  readonly #seen: string[] = [];

  constructor() {
    OrderHandlers.made += 1;
  }

  @handles(PlaceOrder)
  async place({ orderId }: PlaceOrder, context: HandlerContext): Promise<void> {
    this.#seen.push(orderId);
    await context.publish(new OrderPlaced({ orderId }));
  }

  @handles(CancelOrder)
  @handles(OrderPlaced)
  note({ orderId }: CancelOrder | OrderPlaced): void {
    this.#seen.push(`noted ${orderId}`);
    if (orderId === 'B-1') throw new Error(this.#seen.join(', '));
  }
}

class NeedsOrders {
  readonly #orders: Orders;

  constructor(orders: Orders) {
    this.#orders = orders;
  }

  @handles(PlaceOrder)
  place({ orderId }: PlaceOrder): void {
    this.#orders.placed.push(orderId);
  }
}

describe('when handlers are classes', () => {
  test('should call their methods on one instance, without any container', async () => {
    OrderHandlers.made = 0;
    await using harness = createHarness();
    const sales = harness.endpoint('sales', {
      routes,
      recoverability: noRetries,
      handlers: [OrderHandlers],
    });
    await harness.start();
    await sales.send(new PlaceOrder({ orderId: 'A-1' }));
    await harness.settled();
    await sales.send(new CancelOrder({ orderId: 'B-1' }));
    await harness.settled();
    expect(OrderHandlers.made).toBe(1);
    expect(await harness.errorQueue()).toMatchObject([
      { failure: { message: 'A-1, noted A-1, noted B-1', handler: 'OrderHandlers.note' } },
    ]);
  });

  test('should refuse at start what nobody can construct', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', { routes, handlers: [NeedsOrders] });
    await expect(sales.start()).rejects.toMatchObject({
      code: 'HANDLER_RESOLUTION_FAILED',
      message: expect.stringContaining(
        'The constructor of NeedsOrders takes 1 parameters, and no container is configured',
      ) as string,
      help: expect.stringContaining('container: inversify(container)') as string,
    });
  });

  test('should come from the container, inside the scope of their message', async () => {
    await using harness = createHarness();
    const orders = new Orders();
    const log: string[] = [];
    const container: HandlerContainer = {
      name: 'test',
      resolve: <T extends object>(type: HandlerClass<T>): T => {
        log.push(`resolve ${type.name}`);
        return new (type as new (orders: Orders) => T)(orders);
      },
      within: async (scope: MessageScope, run) => {
        log.push(`open ${scope.messageId} at ${scope.endpoint}`);
        try {
          return await run();
        } finally {
          log.push(`close ${scope.messageId}`);
        }
      },
      verify: (types) => void log.push(`verify ${types.map((type) => type.name).join()}`),
    };
    const sales = harness.endpoint('sales', { routes, container, handlers: [NeedsOrders] });
    await harness.start();
    await sales.send(new PlaceOrder({ orderId: 'A-1' }), { messageId: 'm-1' });
    await harness.settled();
    expect(orders.placed).toEqual(['A-1']);
    expect(log).toEqual([
      'verify NeedsOrders',
      'open m-1 at sales',
      'resolve NeedsOrders',
      'close m-1',
    ]);
  });

  test('should fail the message, not the endpoint, when the container fails', async () => {
    await using harness = createHarness();
    let broken = true;
    const sales = harness.endpoint('sales', {
      routes,
      recoverability: noRetries,
      container: {
        name: 'broken',
        resolve: <T extends object>(type: HandlerClass<T>): T => {
          if (broken) throw new Error('no connection pool');
          return new (type as new (orders: Orders) => T)(new Orders());
        },
        within: (_, run) => run(),
      },
      handlers: [NeedsOrders],
    });
    await harness.start();
    await sales.send(new PlaceOrder({ orderId: 'A-1' }));
    await harness.settled();
    expect(await harness.errorQueue()).toMatchObject([
      { failure: { message: 'no connection pool', handler: 'NeedsOrders.place' } },
    ]);
    broken = false;
    await harness.replay();
    await harness.settled();
    expect(harness.handled(PlaceOrder)).toHaveLength(1);
  });

  test('should name a class without handler methods before anything starts', async () => {
    await using harness = createHarness();
    expect(() => harness.endpoint('sales', { handlers: [Orders as never] })).toThrow(
      expect.objectContaining({ code: 'HANDLER_WITHOUT_METHODS' }),
    );
  });
});
