import { Command, defineRoutes, handler } from '@busbar/core';
import { createHarness, noRetries } from '@busbar/testing';
import { describe, expect, test } from 'vitest';

class PlaceOrder extends Command('Sales.PlaceOrder')<{ orderId: string }> {}

const routes = defineRoutes({ sales: [PlaceOrder] });

/** As foreign libraries throw them: responses assigned to errors, getters of proxies, errors without a stack. */
const errors: readonly [string, () => Error][] = [
  ['a message that is a list', () => Object.assign(new Error(), { message: ['a', 'b'] })],
  ['a message that is an object', () => Object.assign(new Error(), { message: { status: 500 } })],
  ['no name', () => Object.assign(new Error('x'), { name: undefined })],
  ['no stack', () => Object.assign(new Error('x'), { stack: undefined })],
  ['a number as its stack', () => Object.assign(new Error('x'), { stack: 7 })],
  ['a stack that throws', () => withGetter('stack')],
  ['a message that throws', () => withGetter('message')],
  ['a cause that throws', () => withGetter('cause')],
];

function withGetter(property: string): Error {
  return Object.defineProperty(new Error('x'), property, {
    get() {
      throw new TypeError('not while proxied');
    },
  });
}

describe('when an error is odd', () => {
  test.each(errors)(
    'should come to the error queue with %s, and hold nobody up',
    async (_, make) => {
      await using harness = createHarness();
      const sales = harness.endpoint('sales', {
        routes,
        recoverability: noRetries,
        handlers: [
          handler(PlaceOrder, ({ orderId }) => {
            if (orderId === 'odd') throw make();
          }),
        ],
      });
      await harness.start();
      for (const orderId of ['odd', 'A-1', 'A-2']) await sales.send(new PlaceOrder({ orderId }));
      await harness.settled();
      expect(await harness.errorQueue()).toHaveLength(1);
      expect(sales.health()).toMatchObject({ status: 'healthy', counts: { handled: 2 } });
    },
  );
});
