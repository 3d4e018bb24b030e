import { Command, Event, command, definitionOf, describeMessage, isMessage } from '@busbar/core';
import { expect, test, vi } from 'vitest';

class Ping extends Command('Test.Ping')<{ id: string }> {}
class OrderPlaced extends Event('Sales.OrderPlaced')<{ id: string }> {}

test('should find the same definition by class and by instance', () => {
  expect(describeMessage(new Ping({ id: '1' }))).toBe(describeMessage(Ping));
  expect(definitionOf(Ping)).toBe(describeMessage(Ping));
  expect(isMessage(new Ping({ id: '1' }))).toBe(true);
  expect(isMessage(Ping)).toBe(false);
});

test.each([
  ['undefined', undefined],
  ['null', null],
  ['a string', 'Test.Ping'],
  ['a plain object', {}],
  ['an object without prototype', Object.create(null)],
  ['an arrow function', () => {}],
  ['a class', class Other {}],
  ['an instance', new Date()],
  ['an object that claims to be one', { constructor: Ping }],
])('should not find one for %s', (_what, value) => {
  expect(describeMessage(value)).toBeUndefined();
  expect(isMessage(value)).toBe(false);
  expect(() => definitionOf(value)).toThrow(
    expect.objectContaining({ code: 'NOT_A_MESSAGE' }) as Error,
  );
});

test('should say what to do about what is no message', () => {
  expect(() => definitionOf(undefined)).toThrow('circular import');
  expect(() => definitionOf({ id: 1 })).toThrow('new PlaceOrder({ … })');
  expect(() => definitionOf(new Date())).toThrow('Date is no message type');
  expect(() => definitionOf(7)).toThrow('number is no message type');
});

test('should never guess that a subclass is a message', () => {
  class Special extends OrderPlaced {}
  expect(describeMessage(Special)).toBeUndefined();
  expect(() => definitionOf(new Special({ id: '1' }))).toThrow(
    'Special extends the message Sales.OrderPlaced but has no name of its own',
  );
  expect(() => definitionOf(Special)).toThrow('{ extends: OrderPlaced }');
  class Plain {}
  command('Test.Plain')(Plain);
  expect(describeMessage(class extends Plain {})).toBeUndefined();
});

test('should give each class of one generated base its own definition', () => {
  const Generated = Command('Test.Generated');
  class First extends Generated {}
  class Second extends Generated {}
  expect(describeMessage(First)?.type).toBe(First);
  expect(describeMessage(Second)?.type).toBe(Second);
  expect(describeMessage(Generated)?.type).toBe(Generated);
});

test('should not be changeable', () => {
  const definition = definitionOf(Ping);
  expect(Object.isFrozen(definition)).toBe(true);
  expect(Object.isFrozen(definition.chain)).toBe(true);
});

test('should hold across two copies of the package', async () => {
  vi.resetModules();
  const other = await import('@busbar/core');
  expect(other.Command).not.toBe(Command);
  class Foreign extends other.Command('Test.Foreign') {}
  class ForeignPlain {}
  other.command('Test.ForeignPlain')(ForeignPlain);
  expect(describeMessage(Foreign)?.type).toBe(Foreign);
  expect(describeMessage(new ForeignPlain())?.name).toBe('Test.ForeignPlain');
  expect(other.describeMessage(Ping)).toBe(describeMessage(Ping));
  class Derived extends Event('Test.Derived', {
    extends: class extends other.Event('Test.Base') {} as never,
  }) {}
  expect(describeMessage(Derived)?.chain).toEqual(['Test.Derived', 'Test.Base']);
});
