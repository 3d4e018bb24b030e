import { Command, Event, defineRoutes } from '@busbar/core';
import { createHarness } from '@busbar/testing';
import { describe, expect, test } from 'vitest';

class PlaceOrder extends Command('Sales.PlaceOrder')<{ orderId: string }> {}
class StockChanged extends Event('Stock.Changed', { ordered: true })<{ sku: string }> {}

const routes = defineRoutes({ sales: [PlaceOrder] });

describe('when options, unchecked by the compiler, are wrong', () => {
  test.each([
    [{ dealy: '1h' }, 'UNKNOWN_OPTION', 'Sending Sales.PlaceOrder: there is no option "dealy".'],
    [{ dispatch: 'imediate' }, 'INVALID_CONFIGURATION', '`dispatch` is not "immediate"'],
    [{ deliverAt: 'tomorrow' }, 'INVALID_CONFIGURATION', '`deliverAt` is no Date'],
    [null, 'INVALID_CONFIGURATION', 'the options are no object'],
  ])('should refuse %j', async (options, code, text) => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', { routes });
    await harness.start();
    const sending = sales.send(new PlaceOrder({ orderId: 'A-1' }), options as object);
    await expect(sending).rejects.toMatchObject({ code, message: expect.stringContaining(text) });
    expect(harness.sent(PlaceOrder)).toEqual([]);
  });

  test('should refuse an ordered event that has no key to be ordered by', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', { routes });
    await harness.start();
    const event = new StockChanged({ sku: 'A' });
    await expect(sales.publish(event)).rejects.toMatchObject({
      code: 'MISSING_PARTITION_KEY',
      message: expect.stringContaining('The ordered event Stock.Changed has no partition key.'),
    });
    await sales.publish(event, { partitionKey: 'A' });
    expect(harness.published(StockChanged)).toHaveLength(1);
  });
});
