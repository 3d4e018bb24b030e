import {
  type AnyRoutes,
  Command,
  Event,
  type HandlerContext,
  type HandlerEntry,
  command,
  defineRoutes,
  handler,
} from '@busbar/core';
import { handles } from '@busbar/core/decorators';
import { expect, expectTypeOf, test } from 'vitest';

class PlaceOrder extends Command('Sales.PlaceOrder')<{ orderId: string }> {}
class BillOrder extends Command('Billing.BillOrder')<{ orderId: string }> {}
class OrderPlaced extends Event('Sales.OrderPlaced')<{ orderId: string }> {}
class PriorityOrderPlaced extends Event('Sales.PriorityOrderPlaced', { extends: OrderPlaced })<{
  level: number;
}> {}
const ShipOrder = command('Shipping.ShipOrder')(
  class {
    orderId = '';
  },
);

interface Tx {
  query(text: string): void;
}
const routes = defineRoutes({ billing: [BillOrder] });

test('should infer the parameters of a handler function', () => {
  const entry = handler(PlaceOrder, async (message, context) => {
    expectTypeOf(message).toEqualTypeOf<PlaceOrder>();
    expectTypeOf(context).toEqualTypeOf<HandlerContext>();
    await context.publish(new OrderPlaced({ orderId: message.orderId }));
  });
  expectTypeOf(entry).toExtend<HandlerEntry>();
  expect(entry.name).toBe('handler of Sales.PlaceOrder');
  handler(ShipOrder, (message) => message.orderId);
  handler(PlaceOrder, () => 1);
  handler(PriorityOrderPlaced, (message: OrderPlaced) => message.orderId);
});

test('should take functions that name their routes and storage', () => {
  handler(PlaceOrder, async (message, context: HandlerContext<typeof routes, Tx>) => {
    expectTypeOf(message).toEqualTypeOf<PlaceOrder>();
    context.storage.query('select 1');
    await context.send(new BillOrder(message));
    // @ts-expect-error -- the command has no route
    await context.send(new PlaceOrder(message)).catch(() => {});
  });
});

test('should reject functions that do not fit', () => {
  // @ts-expect-error -- another message, whatever its shape
  handler(PlaceOrder, (message: BillOrder) => message);
  // @ts-expect-error -- the base may come, too
  handler(OrderPlaced, (message: PriorityOrderPlaced) => message);
  // @ts-expect-error -- the context is no string
  handler(PlaceOrder, (message, context: string) => [message, context]);
  // @ts-expect-error -- a third parameter is never passed
  handler(PlaceOrder, (message, context: HandlerContext, more: string) => [message, context, more]);
  // @ts-expect-error -- no message class
  expect(() => handler(Date, () => {})).toThrow('Date is no message type');
});

class Good {
  readonly seen: string[] = [];

  @handles(PlaceOrder)
  plain(message: PlaceOrder): void {
    this.seen.push(message.orderId);
  }

  @handles(PlaceOrder)
  nothing(): number {
    return 1;
  }

  @handles(PlaceOrder)
  async full(message: PlaceOrder, context: HandlerContext): Promise<void> {
    await context.send(message);
  }

  @handles(PlaceOrder)
  async routed(message: PlaceOrder, context: HandlerContext<typeof routes>): Promise<void> {
    await context.send(new BillOrder(message));
  }

  @handles(PlaceOrder)
  stored(message: PlaceOrder, { storage }: HandlerContext<typeof routes, Tx>): void {
    storage.query(message.orderId);
  }

  @handles(PlaceOrder)
  @handles(BillOrder)
  both(
    message: PlaceOrder | BillOrder,
    _context: HandlerContext<AnyRoutes, Tx>,
    _optional?: string,
  ): void {
    this.seen.push(message.orderId);
  }

  @handles(PriorityOrderPlaced)
  base(message: OrderPlaced): void {
    this.seen.push(message.orderId);
  }
}

class Bad {
  // @ts-expect-error -- another message, whatever its shape
  @handles(PlaceOrder)
  other(_message: BillOrder): void {}

  // @ts-expect-error -- the base may come, too
  @handles(OrderPlaced)
  derived(_message: PriorityOrderPlaced): void {}

  // @ts-expect-error -- the context is no string
  @handles(PlaceOrder)
  context(_message: PlaceOrder, _context: string): void {}

  // @ts-expect-error -- a third parameter is never passed
  @handles(PlaceOrder)
  third(_message: PlaceOrder, _context: HandlerContext, _more: string): void {}
}

test('should check decorated methods', () => {
  expectTypeOf<typeof Good>().toExtend<HandlerEntry>();
  expect([Good, Bad]).toHaveLength(2);
  // @ts-expect-error -- no message class
  expect(() => handles(Date)).toThrow('Date is no message type');
});
