import { Command, Event, type HandlerContext, defineRoutes } from '@busbar/core';
import { handles } from '@busbar/core/decorators';
import { CurrentMessage, bindMessageScoped, inversify } from '@busbar/inversify';
import { createHarness, noRetries } from '@busbar/testing';
import { Container, inject, injectable, preDestroy } from 'inversify';
import { describe, expect, test } from 'vitest';

class PlaceOrder extends Command('Sales.PlaceOrder')<{ orderId: string }> {}
class OrderPlaced extends Event('Sales.OrderPlaced')<{ orderId: string }> {}

const routes = defineRoutes({ sales: [PlaceOrder] });

/** What one message wrote, and whether it was closed. */
class UnitOfWork {
  static readonly all: UnitOfWork[] = [];
  readonly writes: string[] = [];
  closed = 0;

  constructor() {
    UnitOfWork.all.push(this);
  }

  [Symbol.dispose](): void {
    this.closed += 1;
  }
}

@injectable()
class Orders {
  readonly unit: UnitOfWork;
  readonly message: CurrentMessage;

  constructor(
    @inject(UnitOfWork) unit: UnitOfWork,
    @inject(CurrentMessage) message: CurrentMessage,
  ) {
    this.unit = unit;
    this.message = message;
  }

  insert(orderId: string): void {
    if (orderId === 'refused') throw new Error('refused');
    this.unit.writes.push(`${orderId} by ${this.message.messageId}`);
  }
}

@injectable()
class PlaceOrderHandler {
  readonly orders: Orders;

  constructor(@inject(Orders) orders: Orders) {
    this.orders = orders;
  }

  @handles(PlaceOrder)
  async place({ orderId }: PlaceOrder, context: HandlerContext): Promise<void> {
    await context.publish(new OrderPlaced({ orderId }));
    this.orders.insert(orderId);
  }
}

@injectable()
class AuditHandler {
  readonly orders: Orders;

  constructor(@inject(Orders) orders: Orders) {
    this.orders = orders;
  }

  @handles(PlaceOrder)
  audit({ orderId }: PlaceOrder): void {
    this.orders.insert(`audit of ${orderId}`);
  }
}

const handlers = [PlaceOrderHandler, AuditHandler];

describe('when inversify makes the handlers', () => {
  test('should give all handlers of one message the same unit of work, and close it', async () => {
    const container = new Container();
    bindMessageScoped(container, UnitOfWork, () => new UnitOfWork());
    container.bind(Orders).toSelf();
    await using harness = createHarness();
    const sales = harness.endpoint('sales', {
      routes,
      handlers,
      container: inversify(container),
      recoverability: noRetries,
    });
    await harness.start();
    UnitOfWork.all.length = 0;
    await sales.send(new PlaceOrder({ orderId: 'A-1' }), { messageId: 'm-1' });
    await sales.send(new PlaceOrder({ orderId: 'refused' }), { messageId: 'm-2' });
    await harness.settled();
    expect(UnitOfWork.all.map(({ writes, closed }) => ({ writes, closed }))).toEqual([
      { writes: ['A-1 by m-1', 'audit of A-1 by m-1'], closed: 1 },
      { writes: [], closed: 1 },
    ]);
    expect(harness.published(OrderPlaced)).toEqual([new OrderPlaced({ orderId: 'A-1' })]);
    expect(await harness.errorQueue()).toHaveLength(1);
  });

  test('should give each message a container of its own where that is asked for', async () => {
    const destroyed: string[] = [];

    @injectable()
    class Session extends UnitOfWork {
      @preDestroy()
      end(): void {
        destroyed.push(this.writes.join(', '));
      }
    }

    const container = new Container();
    container.bind(Orders).toSelf();
    await using harness = createHarness();
    const sales = harness.endpoint('sales', {
      routes,
      handlers,
      container: inversify(container, {
        scope: 'container',
        bindMessage: (child) => {
          child.bind(UnitOfWork).to(Session).inSingletonScope();
        },
      }),
      recoverability: noRetries,
    });
    await harness.start();
    await sales.send(new PlaceOrder({ orderId: 'A-1' }), { messageId: 'm-1' });
    await sales.send(new PlaceOrder({ orderId: 'refused' }), { messageId: 'm-2' });
    await harness.settled();
    expect(destroyed).toEqual(['A-1 by m-1, audit of A-1 by m-1', '']);
  });

  test('should not start, and receive nothing, when a binding is missing', async () => {
    await using harness = createHarness();
    harness.endpoint('sales', { routes, handlers, container: inversify(new Container()) });
    await expect(harness.start()).rejects.toMatchObject({
      code: 'HANDLER_RESOLUTION_FAILED',
      message: expect.stringContaining('PlaceOrderHandler'),
    });
  });
});
