import { Command, Event, createEndpoint, defineRoutes, handler } from '@busbar/core';
import { createHarness } from '@busbar/testing';
import { describe, expect, test } from 'vitest';

class PlaceOrder extends Command('Sales.PlaceOrder')<{ orderId: string }> {}
class OrderPlaced extends Event('Sales.OrderPlaced')<{ orderId: string }> {}

const routes = defineRoutes({ sales: [PlaceOrder] });

describe('when headers are the users own', () => {
  test('should arrive as they were, whatever the characters', async () => {
    await using harness = createHarness();
    const seen: unknown[] = [];
    const sales = harness.endpoint('sales', {
      routes,
      handlers: [handler(PlaceOrder, (_, context) => void seen.push(context.headers))],
    });
    await harness.start();
    const headers = { tenant: 'Käse & Brot 🧀', 'X-Empty': '', __proto__: 'x', lines: 'a\r\nb' };
    await sales.send(new PlaceOrder({ orderId: 'A-1' }), { headers });
    await harness.settled();
    expect(seen[0]).toMatchObject({ tenant: 'Käse & Brot 🧀', 'X-Empty': '', lines: 'a\r\nb' });
  });

  test('should be on everything that an endpoint with static headers sends', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', {
      routes,
      headers: { region: 'eu', tenant: 'none' },
      handlers: [
        handler(PlaceOrder, ({ orderId }, context) =>
          context.publish(new OrderPlaced({ orderId })),
        ),
      ],
    });
    await harness.start();
    await sales.send(new PlaceOrder({ orderId: 'A-1' }), { headers: { tenant: 'acme' } });
    await harness.settled();
    expect(harness.outgoing.map(({ headers }) => [headers['region'], headers['tenant']])).toEqual([
      ['eu', 'acme'],
      ['eu', 'none'],
    ]);
  });

  test.each([
    ['busbar-message-id', 'x', 'belongs to the framework'],
    ['busbar-anything', 'x', 'belongs to the framework'],
    ['', 'x', 'without a name'],
    ['count', 7 as unknown as string, 'is number'],
    ['nothing', undefined as unknown as string, 'is undefined'],
  ])('should refuse %j with the value %j', async (name, value, text) => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', { routes });
    await harness.start();
    const sending = sales.send(new PlaceOrder({ orderId: 'A-1' }), { headers: { [name]: value } });
    await expect(sending).rejects.toMatchObject({
      code: 'INVALID_HEADER',
      message: expect.stringContaining(text) as string,
      details: { header: name },
    });
    expect(() =>
      createEndpoint('sales', { transport: harness.transport, headers: { [name]: value } }),
    ).toThrow(text);
  });

  test('should refuse a partition key that no broker takes', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', { routes });
    await harness.start();
    const send = (partitionKey: string): Promise<void> =>
      sales.send(new PlaceOrder({ orderId: 'A-1' }), { partitionKey });
    await expect(send('x'.repeat(129))).rejects.toMatchObject({ code: 'INVALID_HEADER' });
    await expect(send('')).rejects.toMatchObject({ code: 'INVALID_HEADER' });
    await send('x'.repeat(128));
  });

  test('should refuse more bytes than the transport takes', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', { routes });
    await harness.start();
    // The transport takes 1 MiB; the last 32 KiB of it are kept for the headers of a retry or an error.
    const room = 1_024 * 1_024 - 32 * 1_024;
    const send = (bytes: number): Promise<void> =>
      sales.send(new PlaceOrder({ orderId: 'A-1' }), { headers: { big: 'x'.repeat(bytes) } });
    await expect(send(room)).rejects.toMatchObject({
      code: 'HEADERS_TOO_LARGE',
      details: { messageType: 'Sales.PlaceOrder', maxHeaderBytes: room },
    });
    await send(room - 1_024);
  });
});
