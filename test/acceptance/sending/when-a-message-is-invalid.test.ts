import { Command, defineRoutes, handler } from '@busbar/core';
import { createHarness } from '@busbar/testing';
import { describe, expect, test } from 'vitest';
import { object } from '../../support/schema.ts';

class PlaceOrder extends Command(
  'Sales.PlaceOrder',
  object({ orderId: 'string', total: 'number' }),
) {}
class Anything extends Command('Sales.Anything')<{ value: unknown }> {}

const routes = defineRoutes({ sales: [PlaceOrder, Anything] });
const invalid = { orderId: 'A-1', total: '12' as unknown as number };

describe('when a message is invalid', () => {
  test('should be refused at the sender', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', { routes, handlers: [handler(PlaceOrder, () => {})] });
    await harness.start();
    await expect(sales.send(new PlaceOrder(invalid))).rejects.toMatchObject({
      code: 'MESSAGE_INVALID',
      message: expect.stringContaining(
        'Sales.PlaceOrder is not valid: total: expected a number',
      ) as string,
    });
    await harness.settled();
    expect(harness.attempts).toEqual([]);
  });

  test('should go straight to the error queue at the receiver', async () => {
    await using harness = createHarness();
    harness.endpoint('sales', { handlers: [handler(PlaceOrder, () => {})] });
    await harness.start();
    await harness.inject('sales', {
      headers: { 'busbar-message-id': 'm-1', 'busbar-enclosed-types': 'Sales.PlaceOrder' },
      body: JSON.stringify(invalid),
    });
    await harness.settled();
    expect(harness.attempts).toEqual([]);
    expect(await harness.errorQueue()).toMatchObject([
      {
        messageId: 'm-1',
        json: invalid,
        failure: { code: 'MESSAGE_INVALID', attempts: 1, queue: 'sales' },
      },
    ]);
  });

  test.each([
    ['a BigInt', 7n],
    [
      'a cycle',
      (() => {
        const cycle: Record<string, unknown> = {};
        cycle['self'] = cycle;
        return cycle;
      })(),
    ],
  ])('should be refused at the sender when it holds %s', async (_, value) => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', { routes });
    await harness.start();
    const sending = sales.send(new Anything({ value }));
    await expect(sending).rejects.toMatchObject({ code: 'SERIALIZATION_FAILED' });
  });

  test('should be refused when it is no message at all', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', { routes });
    await harness.start();
    const send = (value: unknown): Promise<void> => sales.send(value as PlaceOrder);
    await expect(send({ orderId: 'A-1' })).rejects.toMatchObject({
      code: 'NOT_A_MESSAGE',
      help: 'Pass an instance: new PlaceOrder({ … }).',
    });
    await expect(send(undefined)).rejects.toMatchObject({ code: 'NOT_A_MESSAGE' });
  });
});
