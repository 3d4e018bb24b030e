import {
  BusbarError,
  Command,
  type DispatchResult,
  Event,
  MemoryBroker,
  defineRoutes,
  handler,
  memoryTransport,
} from '@busbar/core';
import { type Harness, createHarness, noRetries } from '@busbar/testing';
import { describe, expect, test } from 'vitest';
import { receiveOnly } from '../../support/receive-only.ts';

class PlaceOrder extends Command('Sales.PlaceOrder')<{ orderId: string }> {}
class BillOrder extends Command('Billing.BillOrder')<{ orderId: string }> {}
class OrderPlaced extends Event('Sales.OrderPlaced')<{ orderId: string }> {}

const routes = defineRoutes({ sales: [PlaceOrder], billing: [BillOrder] });
const placeOrder = new PlaceOrder({ orderId: 'A-1' });

/** The last of several operations that leave together does not get through, so many times. */
function harnessThatLosesTheLast(times: number, result: DispatchResult | BusbarError): Harness {
  let left = times;
  const transport = receiveOnly(
    memoryTransport({ broker: new MemoryBroker() }),
    async (operations, dispatch) => {
      if (operations.length < 2 || left === 0) return dispatch(operations);
      left -= 1;
      if (result instanceof BusbarError) throw result;
      return [...(await dispatch(operations.slice(0, -1))), result];
    },
  );
  return createHarness({ transport });
}

const placeAndTell = handler(PlaceOrder, async ({ orderId }, context) => {
  await context.send(new BillOrder({ orderId }));
  await context.publish(new OrderPlaced({ orderId }));
});

describe('when a batch leaves only in part', () => {
  test('should fail the attempt and send all of it again, under new ids', async () => {
    const unknown: DispatchResult = { outcome: 'unknown', reason: 'no confirm within 10 s' };
    await using harness = harnessThatLosesTheLast(1, unknown);
    const sales = harness.endpoint('sales', { routes, handlers: [placeAndTell] });
    const billed: string[] = [];
    harness.endpoint('billing', {
      handlers: [handler(BillOrder, (_, { messageId }) => void billed.push(messageId))],
    });
    await harness.start();
    await sales.send(placeOrder, { messageId: 'm-1' });
    await harness.settled();
    expect(harness.failures(PlaceOrder)).toMatchObject([
      {
        code: 'OUTCOME_UNKNOWN',
        message: expect.stringMatching(
          /1 of 2 messages were not confirmed: Sales\.OrderPlaced \S+ to topic "Sales\.OrderPlaced": no confirm within 10 s\./,
        ) as string,
        details: { outcome: 'unknown', failures: [{ messageType: 'Sales.OrderPlaced' }] },
      },
    ]);
    expect(new Set(billed).size).toBe(2);
    expect(sales.health().counts).toMatchObject({ handled: 1, failed: 1 });
  });

  test('should say so where nothing at all could be tried', async () => {
    const refusal = new BusbarError('TRANSPORT_UNAVAILABLE', 'The broker is away.');
    await using harness = harnessThatLosesTheLast(1, refusal);
    const sales = harness.endpoint('sales', {
      routes,
      recoverability: noRetries,
      handlers: [placeAndTell],
    });
    await harness.start();
    await sales.send(placeOrder);
    await harness.settled();
    expect(await harness.errorQueue()).toMatchObject([
      { failure: { code: 'TRANSPORT_UNAVAILABLE' } },
    ]);
  });
});

describe('when a send is not confirmed', () => {
  test('should reject at the sender with what is known', async () => {
    const transport = receiveOnly(memoryTransport({ broker: new MemoryBroker() }), async () => [
      { outcome: 'unknown', reason: 'the connection broke' },
    ]);
    await using harness = createHarness();
    const shop = harness.endpoint('shop', { transport, routes });
    await harness.start();
    await expect(shop.send(placeOrder, { messageId: 'm-1' })).rejects.toMatchObject({
      code: 'OUTCOME_UNKNOWN',
      help: expect.stringContaining('may or may not have been stored') as string,
      details: {
        outcome: 'unknown',
        failures: [{ messageId: 'm-1', outcome: 'unknown', reason: 'the connection broke' }],
      },
    });
  });
});
