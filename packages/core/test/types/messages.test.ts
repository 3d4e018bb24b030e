import {
  type AnyCommand,
  type AnyEvent,
  type AnyMessage,
  type AnyReply,
  Command,
  type CommandBrand,
  Event,
  Message,
  type MessageType,
  type ReplyOf,
  command,
  conventions,
  event,
} from '@busbar/core';
import { expect, expectTypeOf, test } from 'vitest';
import { object } from './schema.ts';

class PlaceOrder extends Command('Sales.PlaceOrder', object({ orderId: 'string', at: 'date' })) {}
class CancelOrder extends Command('Sales.CancelOrder')<{ orderId: string }> {}
class RefundOrder extends Command('Sales.RefundOrder')<{ orderId: string }> {}
class Ping extends Command('Ops.Ping') {}
class OrderPlaced extends Event('Sales.OrderPlaced')<{ orderId: string; total: number }> {
  get isLarge(): boolean {
    return this.total > 100;
  }
}
class PriorityOrderPlaced extends Event('Sales.PriorityOrderPlaced', { extends: OrderPlaced })<{
  level: number;
}> {}
class RushOrderPlaced extends Event('Sales.RushOrderPlaced', {
  extends: PriorityOrderPlaced,
  schema: object({ courier: 'string' }),
}) {}
class Quote extends Message('Pricing.Quote')<{ price: number }> {}
class GetQuote extends Command('Pricing.GetQuote', { reply: Quote })<{ sku: string }> {}
class GetPrice extends Command('Pricing.GetPrice', {
  reply: Quote,
  schema: object({ sku: 'string' }),
}) {}
class Reminder extends Message('Sales.Reminder')<{ note?: string }> {}

test('should take the payload from the schema or the type argument', () => {
  expectTypeOf<PlaceOrder['at']>().toEqualTypeOf<Date>();
  expectTypeOf<CancelOrder['orderId']>().toEqualTypeOf<string>();
  expectTypeOf<GetPrice['sku']>().toEqualTypeOf<string>();
  expectTypeOf<RushOrderPlaced['courier']>().toEqualTypeOf<string>();

  expect(new PlaceOrder({ orderId: 'A-1', at: new Date(0) })).toEqual({
    orderId: 'A-1',
    at: new Date(0),
  });
  // @ts-expect-error -- `at` is missing
  void new PlaceOrder({ orderId: 'A-1' });
  // @ts-expect-error -- a number is no string
  void new CancelOrder({ orderId: 1 });
  // @ts-expect-error -- there is no property `orderNo`
  void new CancelOrder({ orderId: 'A-1', orderNo: 1 });
  // @ts-expect-error -- the payload is missing
  void new CancelOrder();
});

test('should make messages without payload, and with an optional one', () => {
  expect(new Ping()).toEqual({});
  // @ts-expect-error -- a ping carries nothing
  void new Ping({ id: 1 });
  expect(new Reminder()).toEqual({});
  expect(new Reminder({ note: 'x' }).note).toBe('x');
});

test('should add the payload of a derived event to that of its base', () => {
  const rush = new RushOrderPlaced({ orderId: 'A-1', total: 200, level: 1, courier: 'C' });
  expect(rush.isLarge).toBe(true);
  expectTypeOf(rush).toMatchTypeOf<OrderPlaced>();
  expectTypeOf<RushOrderPlaced>().toExtend<PriorityOrderPlaced>();
  expectTypeOf<PriorityOrderPlaced>().not.toExtend<RushOrderPlaced>();
  expectTypeOf<OrderPlaced>().not.toExtend<PriorityOrderPlaced>();
  // @ts-expect-error -- the properties of the base are wanted too
  void new PriorityOrderPlaced({ level: 1 });
  // @ts-expect-error -- only events can be extended
  void (() => Event('Sales.X', { extends: CancelOrder }));
  // @ts-expect-error -- a command extends nothing
  void (() => Command('Sales.X', { extends: OrderPlaced }));
  expect(() => Event('Sales.X', { extends: CancelOrder as never })).toThrow('is no event');
});

test('should keep messages of equal shape apart', () => {
  expectTypeOf<CancelOrder>().not.toExtend<RefundOrder>();
  // @ts-expect-error -- another command, whatever its shape
  const refund: RefundOrder = new CancelOrder({ orderId: 'A-1' });
  // @ts-expect-error -- a plain object is no message
  const cancel: CancelOrder = { orderId: 'A-1' };
  expect([refund, cancel]).toHaveLength(2);
});

test('should know the kind of a message', () => {
  expectTypeOf<PlaceOrder>().toExtend<AnyCommand>();
  expectTypeOf<Ping>().toExtend<AnyCommand>();
  expectTypeOf<PriorityOrderPlaced>().toExtend<AnyEvent>();
  expectTypeOf<Quote>().toExtend<AnyReply>();
  expectTypeOf<PlaceOrder>().not.toExtend<AnyEvent>();
  expectTypeOf<OrderPlaced>().not.toExtend<AnyCommand>();
  expectTypeOf<Quote>().not.toExtend<AnyEvent>();
  expectTypeOf<typeof GetQuote>().toExtend<MessageType<AnyCommand>>();
  expectTypeOf<typeof OrderPlaced>().toExtend<MessageType>();
  expectTypeOf<typeof Date>().not.toExtend<MessageType>();
  expectTypeOf<OrderPlaced | Ping>().toExtend<AnyMessage>();
});

test('should know what answers a command', () => {
  expectTypeOf<ReplyOf<GetQuote>>().toEqualTypeOf<Quote>();
  expectTypeOf<ReplyOf<GetPrice>>().toEqualTypeOf<Quote>();
  expectTypeOf<ReplyOf<Ping>>().toEqualTypeOf<AnyReply>();
  // @ts-expect-error -- a reply is made by Message()
  void (() => Command('Pricing.X', { reply: OrderPlaced }));
});

test('should not compile a class whose properties depend on the payload', () => {
  void (() => {
    // @ts-expect-error -- make the alternatives a property
    class Either extends Command('Sales.Either')<{ a: 1 } | { b: 2 }> {}
    return Either;
  });
});

test('should reject options that do not exist, and schemas of what is no object', () => {
  const text = {
    '~standard': { version: 1, vendor: 'test', validate: () => ({ value: 'text' }) },
  } as const;
  // @ts-expect-error -- the option is spelled `schema`
  void (() => Command('Sales.X', { shema: object({}) }));
  // @ts-expect-error -- only events can be ordered
  void (() => Command('Sales.X', { ordered: true }));
  // @ts-expect-error -- a message is an object
  void (() => Command('Sales.X', text));
});

class PlainShip {
  static readonly version = 2;
  readonly orderId: string;
  constructor(orderId: string) {
    this.orderId = orderId;
  }
}
class PlainBase {
  id = '';
}
class PlainDerived extends PlainBase {
  more = 1;
}

test('should make messages of plain classes', () => {
  const ShipOrder = command('Shipping.ShipOrder', { reply: Quote })(PlainShip);
  const ship = new ShipOrder('A-1');
  expect(ShipOrder.version).toBe(2);
  expectTypeOf(ship).toExtend<AnyCommand>();
  expectTypeOf(ship).toExtend<PlainShip>();
  expectTypeOf<ReplyOf<typeof ship>>().toEqualTypeOf<Quote>();
  // @ts-expect-error -- the constructor takes a string
  void new ShipOrder(1);

  const Base = event('Shipping.Base')(PlainBase);
  const Derived = event('Shipping.Derived', { extends: Base })(
    class extends Base {
      more = 1;
    },
  );
  expectTypeOf<InstanceType<typeof Derived>>().toExtend<InstanceType<typeof Base>>();
  expectTypeOf<InstanceType<typeof Base>>().not.toExtend<InstanceType<typeof Derived>>();
  // @ts-expect-error -- the class has to extend the base
  expect(() => event('Shipping.Else', { extends: Base })(class Else {})).toThrow(
    'must be a class that extends',
  );
  expect(() => event('Shipping.Other', { extends: Base })(PlainDerived as never)).not.toThrow();
});

@command('Sales.DecoratedOrder')
// oxlint-disable-next-line typescript/no-unsafe-declaration-merging -- a decorator cannot add the brand
class DecoratedOrder {
  id = '';
}
interface DecoratedOrder extends CommandBrand<'Sales.DecoratedOrder'> {}

test('should type a decorated plain class by merging the brand in', () => {
  expectTypeOf<DecoratedOrder>().toExtend<AnyCommand>();
  expectTypeOf<typeof DecoratedOrder>().toExtend<MessageType<AnyCommand>>();
});

test('should find messages in a module by conventions', () => {
  class Bill {
    amount = 1;
  }
  class OrderBilled {
    at = '';
  }
  class Helper {}
  const contracts = { Bill, OrderBilled, Helper, version: 1 };
  const found = conventions(contracts, {
    prefix: 'Billing.',
    commands: ['Bill'],
    events: { suffix: 'Billed' },
  });
  expectTypeOf<keyof typeof found>().toEqualTypeOf<'Bill' | 'OrderBilled'>();
  expectTypeOf<InstanceType<typeof found.Bill>>().toExtend<CommandBrand<'Billing.Bill'> & Bill>();
  expectTypeOf<InstanceType<typeof found.OrderBilled>>().toExtend<AnyEvent>();
  // @ts-expect-error -- the module exports no such class
  void (() => conventions(contracts, { prefix: 'Billing.', commands: ['Nothing'] }));
  // @ts-expect-error -- what it exports by that name is no class
  void (() => conventions(contracts, { prefix: 'Billing.', commands: ['version'] }));
});
