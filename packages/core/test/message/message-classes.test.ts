import { BusbarError, Command, Event, Message, describeMessage, event } from '@busbar/core';
import { describe, expect, test } from 'vitest';
import { later, object } from '../types/schema.ts';

class PlaceOrder extends Command('Sales.PlaceOrder')<{ orderId: string; lines: string[] }> {
  get size(): number {
    return this.lines.length;
  }
}
class OrderPlaced extends Event('Sales.OrderPlaced')<{ orderId: string }> {}
class PriorityOrderPlaced extends Event('Sales.PriorityOrderPlaced', { extends: OrderPlaced })<{
  level: number;
}> {}
class Quote extends Message('Pricing.Quote')<{ price: number }> {}

describe('a message instance', () => {
  test('should carry its payload as own data properties, and nothing else', () => {
    const order = new PlaceOrder({ orderId: 'A-1', lines: ['x'] });
    expect(order).toBeInstanceOf(PlaceOrder);
    expect(order.size).toBe(1);
    expect(Reflect.ownKeys(order)).toEqual(['orderId', 'lines']);
    expect(JSON.stringify(order)).toBe('{"orderId":"A-1","lines":["x"]}');
  });

  test('should not run setters of its class', () => {
    const seen: unknown[] = [];
    class Guarded extends Command('Test.Guarded')<{ secret: string }> {
      // @ts-expect-error -- what a class in plain JavaScript may do
      set secret(value: string) {
        seen.push(value);
      }
    }
    const message = new Guarded({ secret: 's' });
    expect(seen).toEqual([]);
    expect(Object.getOwnPropertyDescriptor(message, 'secret')).toEqual({
      value: 's',
      writable: true,
      enumerable: true,
      configurable: true,
    });
  });

  test('should keep its prototype whatever its payload is called', () => {
    const payload = JSON.parse('{"__proto__":{"admin":true},"constructor":1,"orderId":"A-1"}') as {
      orderId: string;
    };
    const placed = new OrderPlaced(payload);
    expect(Object.getPrototypeOf(placed)).toBe(OrderPlaced.prototype);
    expect('admin' in placed).toBe(false);
    expect(describeMessage(placed)?.name).toBe('Sales.OrderPlaced');
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });

  test('should be an instance of the event that it extends', () => {
    const placed = new PriorityOrderPlaced({ orderId: 'A-1', level: 2 });
    expect(placed).toBeInstanceOf(OrderPlaced);
    expect(JSON.stringify(placed)).toBe('{"orderId":"A-1","level":2}');
  });

  test('should run field initializers and constructors of its own class', () => {
    class Stamped extends Event('Test.Stamped')<{ id: string }> {
      readonly version = 2;
      constructor(id: string) {
        super({ id });
      }
    }
    expect(new Stamped('A-1')).toEqual({ id: 'A-1', version: 2 });
  });
});

describe('a message class', () => {
  test('should work as it is, without a class of its own', () => {
    const Ping = Command('Test.Ping');
    expect(describeMessage(new Ping())).toMatchObject({ name: 'Test.Ping', type: Ping });
    expect(Ping.name).toBe('Test.Ping');
  });

  test('should know its name, kind, chain and options', () => {
    class GetQuote extends Command('Pricing.GetQuote', {
      reply: Quote,
      timeToBeReceived: '5s',
    })<{ sku: string }> {}
    expect(describeMessage(GetQuote)).toEqual({
      name: 'Pricing.GetQuote',
      kind: 'command',
      type: GetQuote,
      chain: ['Pricing.GetQuote'],
      ordered: false,
      timeToBeReceivedMs: 5000,
      reply: Quote,
    });
    expect(describeMessage(PriorityOrderPlaced)).toEqual({
      name: 'Sales.PriorityOrderPlaced',
      kind: 'event',
      type: PriorityOrderPlaced,
      chain: ['Sales.PriorityOrderPlaced', 'Sales.OrderPlaced'],
      ordered: false,
    });
    expect(describeMessage(Quote)?.kind).toBe('message');
  });

  test('should inherit order and lifetime from the event that it extends', () => {
    class Base extends Event('Test.Base', { ordered: true, timeToBeReceived: '1h' }) {}
    class Derived extends Event('Test.Derived', { extends: Base }) {}
    class Shorter extends Event('Test.Shorter', { extends: Base, timeToBeReceived: '1m' }) {}
    expect(describeMessage(Derived)).toMatchObject({
      ordered: true,
      timeToBeReceivedMs: 3_600_000,
    });
    expect(describeMessage(Shorter)?.timeToBeReceivedMs).toBe(60_000);
  });

  test.each([
    ['a schema in place of the options', object({ id: 'string' })],
    ['a schema among the options', { schema: object({ id: 'string' }) }],
    ['a schema that is a function', Object.assign(() => {}, object({ id: 'string' }))],
    ['an asynchronous schema', later(object({ id: 'string' }))],
  ])('should take %s', (_what, schemaOrOptions) => {
    const WithSchema = Command('Test.WithSchema', schemaOrOptions as object);
    expect(describeMessage(WithSchema)?.schema).toHaveProperty('~standard');
  });
});

describe('a declaration', () => {
  class Ordered extends Event('Test.Ordered', { ordered: true }) {}

  test.each<[string, () => unknown, string]>([
    ['an unknown option', () => Command('Test.X', { shema: 1 } as never), "unknown option 'shema'"],
    ['an option of another kind', () => Command('Test.X', { ordered: true } as never), 'ordered'],
    ['options that are none', () => Command('Test.X', 1 as never), 'options are not an object'],
    ['a schema that is undefined', () => Command('Test.X', undefined as never), 'circular import'],
    [
      'an undefined schema option',
      () => Event('Test.X', { schema: undefined as never }),
      'circular',
    ],
    [
      'a schema that is none',
      () => Message('Test.X', { schema: {} as never }),
      'no Standard Schema',
    ],
    [
      'a base that is no event',
      () => Event('Test.X', { extends: PlaceOrder as never }),
      'no event',
    ],
    [
      'a reply that is none',
      () => Command('Test.X', { reply: OrderPlaced as never }),
      'not made by Message()',
    ],
    [
      'another order',
      () => Event('Test.X', { extends: Ordered, ordered: false }),
      "'ordered' differs",
    ],
    ['a zero lifetime', () => Command('Test.X', { timeToBeReceived: 0 }), 'would ever arrive'],
    [
      'the name of its base',
      () => Event('Sales.OrderPlaced', { extends: OrderPlaced }),
      'own name',
    ],
  ])('should be refused with %s', (_what, declare, text) => {
    expect(declare).toThrow(expect.objectContaining({ code: 'INVALID_MESSAGE_OPTIONS' }) as Error);
    expect(declare).toThrow(text);
    expect(declare).toThrow(BusbarError);
  });

  test('should be refused when it extends a plain event', () => {
    const Plain = event('Test.PlainEvent')(class PlainEvent {});
    const declare = () => Event('Test.X', { extends: Plain as never });
    expect(declare).toThrow('It extends the plain class Test.PlainEvent');
  });

  test('should be refused when its base or reply is undefined by a circular import', () => {
    expect(() => Event('Test.X', { extends: undefined as never })).toThrow('circular import');
    expect(() => Command('Test.X', { reply: undefined as never })).toThrow('circular import');
  });

  test('should be refused with a lifetime that is none', () => {
    expect(() => Command('Test.X', { timeToBeReceived: 'soon' as never })).toThrow(
      'timeToBeReceived of Test.X is "soon"',
    );
  });
});
