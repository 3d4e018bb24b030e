import { type AnyHandlerContext, Command, Event, definitionOf, handler } from '@busbar/core';
import { handles } from '@busbar/core/decorators';
import { expect, test } from 'vitest';
import { HandlerRegistry } from '../../src/handling/handler-registry.ts';

class PlaceOrder extends Command('Sales.PlaceOrder')<{ id: string }> {}
class OrderPlaced extends Event('Sales.OrderPlaced')<{ id: string }> {}
class PriorityOrderPlaced extends Event('Sales.PriorityOrderPlaced', { extends: OrderPlaced }) {}
class RushOrderPlaced extends Event('Sales.RushOrderPlaced', { extends: PriorityOrderPlaced }) {}

class Clerk {
  readonly seen: unknown[] = [];
  @handles(PlaceOrder)
  place(order: PlaceOrder, context: AnyHandlerContext): string {
    this.seen.push(order, context);
    return 'placed';
  }
  @handles(PriorityOrderPlaced)
  rush(): void {}
}

const first = handler(OrderPlaced, () => 'first', { name: 'first' });
const second = handler(PriorityOrderPlaced, () => 'second', { name: 'second' });
const third = handler(OrderPlaced, () => 'third', { name: 'third' });
const chainOf = (type: unknown) => definitionOf(type).chain;
const names = (registry: HandlerRegistry, type: unknown) =>
  registry.bindingsFor(chainOf(type)).map(({ name }) => name);
const context = {} as AnyHandlerContext;

test('should call the handlers of a message in the order of registration', () => {
  const registry = new HandlerRegistry([third, Clerk, first]);
  expect(names(registry, OrderPlaced)).toEqual(['third', 'first']);
  expect(names(registry, PlaceOrder)).toEqual(['Clerk.place']);
  expect(names(registry, class extends Command('Test.Other') {})).toEqual([]);
});

test('should call the handlers of base events too, in the order of registration', () => {
  const registry = new HandlerRegistry([first, second, Clerk, third]);
  expect(names(registry, PriorityOrderPlaced)).toEqual(['first', 'second', 'Clerk.rush', 'third']);
  expect(names(registry, RushOrderPlaced)).toEqual(['first', 'second', 'Clerk.rush', 'third']);
  expect(names(registry, OrderPlaced)).toEqual(['first', 'third']);
  const baseOnly = new HandlerRegistry([third]);
  expect(names(baseOnly, RushOrderPlaced)).toEqual(['third']);
});

test('should give the same list again', () => {
  const registry = new HandlerRegistry([first, second]);
  for (const type of [OrderPlaced, PriorityOrderPlaced, PlaceOrder]) {
    expect(registry.bindingsFor([...chainOf(type)])).toBe(registry.bindingsFor([...chainOf(type)]));
  }
});

test('should invoke functions and methods', () => {
  const registry = new HandlerRegistry([first, Clerk]);
  const [ofFunction, ofClass] = registry.bindings();
  expect(ofFunction?.kind === 'function' && ofFunction.invoke({}, context)).toBe('first');
  const clerk = new Clerk();
  const order = new PlaceOrder({ id: 'A-1' });
  expect(ofClass?.kind === 'class' && ofClass.invoke(clerk, order, context)).toBe('placed');
  expect(clerk.seen).toEqual([order, context]);
  expect(ofClass).toMatchObject({ type: Clerk, method: 'place', name: 'Clerk.place' });
});

test('should not take a message for handled when the container gave something else', () => {
  const [binding] = new HandlerRegistry([Clerk]).bindings();
  expect(() => binding?.kind === 'class' && binding.invoke({}, new Date(), context)).toThrow(
    "What the container gave for Clerk has no method 'place'",
  );
});

test('should list messages and classes once', () => {
  const registry = new HandlerRegistry([first, Clerk, third]);
  expect(registry.messageDefinitions().map(({ name }) => name)).toEqual([
    'Sales.OrderPlaced',
    'Sales.PlaceOrder',
    'Sales.PriorityOrderPlaced',
  ]);
  expect(registry.classes()).toEqual([Clerk]);
});

test.each<[string, unknown[], string, string]>([
  ['undefined', [first, undefined], 'INVALID_HANDLER', 'handlers[1] is undefined'],
  ['an object', [{}], 'INVALID_HANDLER', 'handlers[0] is no handler'],
  ['a function twice', [first, first], 'INVALID_HANDLER', 'first is registered twice'],
  ['a class twice', [Clerk, Clerk], 'INVALID_HANDLER', 'Clerk is registered twice'],
  ['a class without methods', [class Idle {}], 'HANDLER_WITHOUT_METHODS', 'Idle handles nothing'],
])('should refuse %s', (_what, handlers, code, text) => {
  const build = () => new HandlerRegistry(handlers as never);
  expect(build).toThrow(expect.objectContaining({ code }) as Error);
  expect(build).toThrow(text);
});
