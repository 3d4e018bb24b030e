import { Command, defineRoutes, fixed, handler, headerNames } from '@busbar/core';
import { createHarness } from '@busbar/testing';
import { describe, expect, test } from 'vitest';

class PlaceOrder extends Command('Sales.PlaceOrder')<{ orderId: string }> {}

const routes = defineRoutes({ sales: [PlaceOrder] });
const all = 1_024 * 1_024;

describe('when the headers of a foreign message leave no room', () => {
  test('should go to the error queue without delayed retries, its largest headers left out', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', {
      routes,
      recoverability: { immediate: 0, delayed: fixed({ attempts: 3, delay: '1s' }) },
      handlers: [
        handler(PlaceOrder, ({ orderId }) => {
          if (orderId === 'full') throw new Error('no stock');
        }),
      ],
    });
    await harness.start();
    const headers = {
      [headerNames.messageId]: 'm-1',
      [headerNames.enclosedTypes]: 'Sales.PlaceOrder',
      small: 'kept',
    };
    const used = Object.entries({ ...headers, filler: '' }).join('').length;
    const filler = 'x'.repeat(all - used);
    await harness.inject('sales', { headers: { ...headers, filler }, body: '{"orderId":"full"}' });
    await sales.send(new PlaceOrder({ orderId: 'A-1' }));
    await harness.advance('1m');
    const [copy] = await harness.errorQueue();
    expect(copy?.headers).toMatchObject({ small: 'kept', 'busbar-failed-queue': 'sales' });
    expect(copy?.headers).not.toHaveProperty('filler');
    expect(sales.health()).toMatchObject({
      status: 'healthy',
      counts: { handled: 1, failed: 1, delayed: 0 },
    });
  });
});
