import {
  Command,
  command,
  conventions,
  definitionOf,
  describeMessage,
  event,
  message,
} from '@busbar/core';
import { expect, test } from 'vitest';
import { object } from '../types/schema.ts';
import { createInstance } from '../../src/message/create-instance.ts';

class ShipOrder {
  orderId: string;
  constructor(orderId: string) {
    this.orderId = orderId;
  }
}

test('should make a message of a plain class and write nothing onto it', () => {
  const before = Reflect.ownKeys(ShipOrder);
  const declared = command('Shipping.ShipOrder', { schema: object({ orderId: 'string' }) })(
    ShipOrder,
  );
  expect(declared).toBe(ShipOrder);
  expect(Reflect.ownKeys(ShipOrder)).toEqual(before);
  expect(describeMessage(new ShipOrder('A-1'))).toMatchObject({
    name: 'Shipping.ShipOrder',
    kind: 'command',
    type: ShipOrder,
  });
  expect(describeMessage(declared)?.schema).toBeDefined();
  expect(createInstance(definitionOf(ShipOrder), { orderId: 'A-2' })).toBeInstanceOf(ShipOrder);
});

test('should work as a class decorator', () => {
  @event('Test.Decorated')
  class Decorated {}
  @message('Test.DecoratedReply')
  class DecoratedReply {}
  expect(describeMessage(Decorated)?.kind).toBe('event');
  expect(describeMessage(DecoratedReply)?.kind).toBe('message');
});

test('should declare the chain of events', () => {
  class Base {}
  class Derived extends Base {}
  event('Test.PlainBase', { schema: object({ id: 'string' }) })(Base);
  event('Test.PlainDerived', { extends: Base as never })(Derived as never);
  expect(describeMessage(Derived)?.chain).toEqual(['Test.PlainDerived', 'Test.PlainBase']);
  expect(describeMessage(Derived)?.schema).toBeDefined();
});

test('should let a class be one message only', () => {
  class Once {}
  command('Test.Once')(Once);
  expect(() => command('Test.Once')(Once)).not.toThrow();
  expect(() => command('Test.Twice')(Once)).toThrow('Once is the command Test.Once already');
  expect(() => event('Test.Once')(Once)).toThrow('already');
});

test('should refuse what cannot be declared', () => {
  class Base {}
  command('Test.RefusedBase')(Base);
  class Derived extends Base {}
  class Generated extends Command('Test.Generated') {}
  expect(() => command('Test.X')(undefined as never)).toThrow('no class');
  expect(() => command('Test.Y')(Derived)).toThrow('Derived extends the message Test.RefusedBase');
  expect(() => event('Test.Z')(Generated)).toThrow('extends the message Test.Generated');
  expect(() => command('not a name')).toThrow(
    expect.objectContaining({ code: 'INVALID_MESSAGE_NAME' }) as Error,
  );
});

test('should find messages by conventions', () => {
  class Bill {}
  class OrderBilled {}
  class OrderRefunded {}
  class Invoice {}
  class Helper {}
  const notBilled = () => {};
  const contracts = { Bill, OrderBilled, OrderRefunded, Invoice, Helper, notBilled };
  const found = conventions(contracts, {
    prefix: 'Billing.',
    commands: ['Bill'],
    events: { suffix: 'ed' },
    messages: ['Invoice'],
  });
  expect(found).toEqual({ Bill, OrderBilled, OrderRefunded, Invoice });
  expect(describeMessage(Bill)).toMatchObject({ name: 'Billing.Bill', kind: 'command' });
  expect(describeMessage(OrderRefunded)?.kind).toBe('event');
  expect(describeMessage(Invoice)?.kind).toBe('message');
  expect(describeMessage(Helper)).toBeUndefined();
});

test('should say which convention found nothing', () => {
  const rules = { prefix: 'X.' };
  expect(() => conventions({}, { ...rules, commands: ['Gone'] as never })).toThrow(
    "no class 'Gone'",
  );
  expect(() => conventions({}, { ...rules, events: { suffix: 'ed' } })).toThrow("ends in 'ed'");
});
