import { readHandlerMethods } from '@busbar/core';
import { expect, test } from 'vitest';
import {
  CancelOrder,
  OrderHandler,
  OrderPlaced,
  PlaceOrder,
  PriorityOrderPlaced,
  SpecialOrderHandler,
  refusedHandlers,
} from './handlers.ts';

const methodsOf = (type: typeof OrderHandler) =>
  readHandlerMethods(type).map(({ method, messageType }) => [method, messageType]);

test('should find decorated methods in the order of their source', () => {
  expect(methodsOf(OrderHandler)).toEqual([
    ['place', PlaceOrder],
    ['placed', OrderPlaced],
    ['log', PlaceOrder],
    ['log', CancelOrder],
    ['base', PriorityOrderPlaced],
  ]);
});

test('should find inherited methods, as the subclass has them', () => {
  expect(methodsOf(SpecialOrderHandler)).toEqual([
    ['place', PlaceOrder],
    ['placed', OrderPlaced],
    ['base', PriorityOrderPlaced],
    ['log', CancelOrder],
    ['priority', PriorityOrderPlaced],
  ]);
});

test('should write nothing onto the methods or the prototype', () => {
  expect(Reflect.ownKeys(OrderHandler.prototype)).toEqual([
    'constructor',
    'place',
    'placed',
    'log',
    'base',
    'notAHandler',
  ]);
  expect(Reflect.ownKeys(OrderHandler.prototype.place)).not.toContain('metadata');
});

test('should refuse a static method when the class is made', () => {
  expect(refusedHandlers).toThrow("@handles(PlaceOrder) cannot be on 'on': it is static.");
});
