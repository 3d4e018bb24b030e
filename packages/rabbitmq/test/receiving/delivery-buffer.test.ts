import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DeliveryBuffer } from '../../src/receiving/delivery-buffer.ts';
import { delivery } from './support/deliveries.ts';

function filled(...numbers: number[]): DeliveryBuffer {
  const buffer = new DeliveryBuffer();
  for (const tag of numbers) buffer.push(delivery({ tag }));
  return buffer;
}

function tags(buffer: DeliveryBuffer): number[] {
  return buffer.takeAll().map(({ tag }) => tag);
}

test('a buffer should give out what came first', () => {
  const numbers = Array.from({ length: 500 }, (_, index) => index);
  const buffer = filled(...numbers);
  expect(numbers.map(() => buffer.shift()?.tag)).toEqual(numbers);
  expect(buffer.shift()).toBe(undefined);
  expect(buffer.first).toBe(undefined);
  expect(buffer.size).toBe(0);
});

test('it should take one back into its old place', () => {
  const buffer = filled(3, 5, 9);
  for (const tag of [4, 1, 10]) buffer.insert(delivery({ tag }));
  expect(tags(buffer)).toEqual([1, 3, 4, 5, 9, 10]);
});

test('it should let out those that are asked for', () => {
  const buffer = filled(1, 2, 3, 4, 5);
  buffer.shift();
  expect(buffer.some(({ tag }) => tag === 1)).toBe(false);
  expect(buffer.take(({ tag }) => tag % 2 === 0).map(({ tag }) => tag)).toEqual([2, 4]);
  expect(tags(buffer)).toEqual([3, 5]);
});

test('it should be a queue, whatever is done to it in which order', () => {
  const step = fc.constantFrom('push', 'shift', 'shift', 'take');
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
      const buffer = new DeliveryBuffer();
      let model: number[] = [];
      for (const [tag, what] of steps.entries()) {
        if (what === 'push') {
          for (const each of [tag, tag + 0.1, tag + 0.2]) {
            buffer.push(delivery({ tag: each }));
            model.push(each);
          }
        } else if (what === 'shift') {
          expect(buffer.shift()?.tag).toBe(model.shift());
        } else {
          buffer.take((each) => each.tag === model[1]);
          model = model.filter((_, index) => index !== 1);
        }
        expect(buffer.size).toBe(model.length);
        expect(buffer.first?.tag).toBe(model[0]);
      }
      expect(tags(buffer)).toEqual(model);
    }),
  );
});
