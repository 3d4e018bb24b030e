import { Command, definitionOf, jsonSerializer } from '@busbar/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createInstance } from '../../src/message/create-instance.ts';

const calls: unknown[] = [];

class Trap extends Command('Test.Trap') {
  constructor() {
    super();
    calls.push('constructor');
  }
  set secret(value: unknown) {
    calls.push(value);
  }
  get frozen(): string {
    return 'getter';
  }
  method(): string {
    return 'method';
  }
}
const definition = definitionOf(Trap);

test('should make an instance without running the constructor or a setter', () => {
  const parsed = { secret: 1, frozen: 2, method: 3, id: 4 };
  const instance = createInstance(definition, parsed);
  expect(calls).toEqual([]);
  expect(instance).toBeInstanceOf(Trap);
  expect(Object.getOwnPropertyDescriptors(instance)).toEqual(
    Object.getOwnPropertyDescriptors(parsed),
  );
  expect(Object.getPrototypeOf(parsed)).toBe(Object.prototype);
});

test('should keep methods and definition of the class', () => {
  const instance = createInstance(definition, { constructor: 'x' }) as Trap;
  expect(instance.method()).toBe('method');
  expect(definitionOf(instance)).toBe(definition);
});

test('should never change a prototype, whatever was parsed', () => {
  const before = Object.getOwnPropertyDescriptors(Object.prototype);
  const key = fc.oneof(
    fc.string(),
    fc.constantFrom(
      '__proto__',
      'constructor',
      'prototype',
      'secret',
      'toString',
      'hasOwnProperty',
    ),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(key, fc.jsonValue())), (entries) => {
      const text = `{${entries.map(([k, v]) => `${JSON.stringify(k)}:${JSON.stringify(v)}`).join(',')}}`;
      const parsed = JSON.parse(text) as object;
      const instance = createInstance(definition, parsed);
      expect(Object.getPrototypeOf(instance)).toBe(Trap.prototype);
      expect(Object.getOwnPropertyDescriptors(instance)).toEqual(
        Object.getOwnPropertyDescriptors(parsed),
      );
      expect(Object.getOwnPropertyDescriptors(Object.prototype)).toEqual(before);
    }),
  );
  expect(calls).toEqual([]);
});

test('should give back what was sent', () => {
  class Order extends Command('Test.Order')<{ id: string; lines: number[] }> {}
  const { serialize, deserialize } = jsonSerializer();
  fc.assert(
    fc.property(fc.record({ id: fc.string(), lines: fc.array(fc.integer()) }), (payload) => {
      const sent = new Order(payload);
      const received = createInstance(definitionOf(Order), deserialize(serialize(sent)) as object);
      expect(received).toEqual(sent);
      expect(received).toBeInstanceOf(Order);
    }),
  );
});
