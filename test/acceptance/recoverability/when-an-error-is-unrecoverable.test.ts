import { Command, defineRoutes, handler } from '@busbar/core';
import { createHarness } from '@busbar/testing';
import { describe, expect, test } from 'vitest';

class PlaceOrder extends Command('Sales.PlaceOrder')<{ orderId: string }> {}

abstract class DomainError extends Error {}
class OutOfStock extends DomainError {}

const routes = defineRoutes({ sales: [PlaceOrder] });

describe('when an error is unrecoverable', () => {
  test.each([
    ['its class', OutOfStock],
    ['a class that it extends', DomainError],
  ])('should go to the error queue at once by %s', async (_, unrecoverable) => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', {
      routes,
      recoverability: { unrecoverable: [TypeError, unrecoverable] },
      handlers: [
        handler(PlaceOrder, () => {
          throw new OutOfStock('no stock');
        }),
      ],
    });
    await harness.start();
    await sales.send(new PlaceOrder({ orderId: 'A-1' }));
    await harness.settled();
    expect(await harness.errorQueue()).toMatchObject([
      { failure: { attempts: 1, message: 'no stock' } },
    ]);
    expect(sales.health().counts).toMatchObject({ failed: 1, delayed: 0, movedToError: 1 });
  });

  test('should leave other errors to their retries', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', {
      routes,
      recoverability: { unrecoverable: [OutOfStock] },
      handlers: [
        handler(PlaceOrder, () => {
          throw new RangeError('no stock');
        }),
      ],
    });
    await harness.start();
    await sales.send(new PlaceOrder({ orderId: 'A-1' }));
    await harness.settled();
    expect(sales.health().counts).toMatchObject({ failed: 6, delayed: 1 });
  });
});
