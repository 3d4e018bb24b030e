import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Deque } from '../../../src/transport/memory/deque.ts';

type Step =
  | { readonly kind: 'push' | 'insert'; readonly value: number }
  | { readonly kind: 'shift' }
  | { readonly kind: 'remove'; readonly remainder: number };

const steps = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('push' as const), value: fc.nat(99) }) },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('insert' as const), value: fc.nat(99) }),
    },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('shift' as const) }) },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('remove' as const), remainder: fc.nat(3) }),
    },
  ),
  { maxLength: 200 },
);

const smaller = (one: number, other: number): boolean => one < other;

/** The same step on a plain array. */
function onArray(model: number[], step: Step): unknown {
  switch (step.kind) {
    case 'push':
      return void model.push(step.value);
    case 'shift':
      return model.shift();
    case 'insert': {
      const at = model.findIndex((other) => step.value < other);
      return void model.splice(at === -1 ? model.length : at, 0, step.value);
    }
    case 'remove': {
      const removed = model.filter((value) => value % 4 === step.remainder);
      model.splice(0, model.length, ...model.filter((value) => value % 4 !== step.remainder));
      return removed;
    }
  }
}

function onDeque(deque: Deque<number>, step: Step): unknown {
  switch (step.kind) {
    case 'push':
      return deque.push(step.value);
    case 'shift':
      return deque.shift();
    case 'insert':
      return deque.insert(step.value, smaller);
    case 'remove':
      return deque.removeAll((value) => value % 4 === step.remainder);
  }
}

describe('a deque', () => {
  test('should behave as an array does', () => {
    fc.assert(
      fc.property(steps, (taken: Step[]) => {
        const deque = new Deque<number>();
        const model: number[] = [];
        for (const step of taken) {
          expect(onDeque(deque, step)).toEqual(onArray(model, step));
          expect([...deque]).toEqual(model);
          expect(deque.size).toBe(model.length);
        }
      }),
    );
  });

  test('should keep a long backlog in order and work on when it is gone', () => {
    const deque = new Deque<number>();
    for (const round of [1, 2]) {
      for (let value = 0; value < 5_000; value += 1) deque.push(value * round);
      for (let value = 0; value < 5_000; value += 1) expect(deque.shift()).toBe(value * round);
      expect(deque.shift()).toBeUndefined();
    }
  });
});
