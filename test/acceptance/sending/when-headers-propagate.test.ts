import { Command, Event, Message, defineRoutes, handler } from '@busbar/core';
import { createHarness, noRetries } from '@busbar/testing';
import { describe, expect, test } from 'vitest';

class PlaceOrder extends Command('Sales.PlaceOrder')<{ orderId: string }> {}
class BillOrder extends Command('Billing.BillOrder')<{ orderId: string }> {}
class OrderPlaced extends Event('Sales.OrderPlaced')<{ orderId: string }> {}
class PriorityOrderPlaced extends Event('Sales.PriorityOrderPlaced', { extends: OrderPlaced })<{
  level: number;
}> {}
class Accepted extends Message('Sales.Accepted')<{ orderId: string }> {}

const routes = defineRoutes({ sales: [PlaceOrder], billing: [BillOrder] });

describe('when headers propagate', () => {
  test('should link everything that one message caused', async () => {
    await using harness = createHarness();
    const client = harness.endpoint('client', { routes, handlers: [handler(Accepted, () => {})] });
    harness.endpoint('sales', {
      routes,
      handlers: [
        handler(PlaceOrder, async ({ orderId }, context) => {
          await context.send(new BillOrder({ orderId }), { messageId: 'bill' });
          await context.publish(new PriorityOrderPlaced({ orderId, level: 1 }), {
            messageId: 'placed',
          });
          await context.reply(new Accepted({ orderId }), { messageId: 'accepted' });
        }),
      ],
    });
    harness.endpoint('billing', {
      handlers: [
        handler(BillOrder, ({ orderId }, context) =>
          context.publish(new OrderPlaced({ orderId }), { messageId: 'billed' }),
        ),
      ],
    });
    await harness.start();
    await client.send(new PlaceOrder({ orderId: 'A-1' }), { messageId: 'place' });
    await harness.settled();

    const links = harness.outgoing.map(({ headers }) => ({
      id: headers['busbar-message-id'],
      relatedTo: headers['busbar-related-to'],
      correlation: headers['busbar-correlation-id'],
      conversation: headers['busbar-conversation-id'],
      intent: headers['busbar-intent'],
      types: headers['busbar-enclosed-types'],
      replyTo: headers['busbar-reply-to'],
      from: headers['busbar-originating-endpoint'],
    }));
    const caused = { correlation: 'place', conversation: 'place' };
    expect(links).toEqual([
      {
        id: 'place',
        relatedTo: undefined,
        ...caused,
        intent: 'send',
        types: 'Sales.PlaceOrder',
        replyTo: 'client',
        from: 'client',
      },
      {
        id: 'bill',
        relatedTo: 'place',
        ...caused,
        intent: 'send',
        types: 'Billing.BillOrder',
        replyTo: 'sales',
        from: 'sales',
      },
      {
        id: 'placed',
        relatedTo: 'place',
        ...caused,
        intent: 'publish',
        types: 'Sales.PriorityOrderPlaced;Sales.OrderPlaced',
        replyTo: 'sales',
        from: 'sales',
      },
      {
        id: 'accepted',
        relatedTo: 'place',
        ...caused,
        intent: 'reply',
        types: 'Sales.Accepted',
        replyTo: 'sales',
        from: 'sales',
      },
      {
        id: 'billed',
        relatedTo: 'bill',
        ...caused,
        intent: 'publish',
        types: 'Sales.OrderPlaced',
        replyTo: 'billing',
        from: 'billing',
      },
    ]);
  });

  test('should write times in UTC, the content type and the host', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', { routes });
    await harness.start();
    await harness.advance(1_234);
    await sales.send(new PlaceOrder({ orderId: 'A-1' }));
    expect(harness.outgoing[0]?.headers).toMatchObject({
      'busbar-time-sent': '2026-01-01T00:00:01.234Z',
      'busbar-content-type': 'application/json',
      'busbar-originating-host': sales.diagnostics().host,
    });
  });

  test('should hand the trace on', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', {
      routes,
      handlers: [
        handler(PlaceOrder, ({ orderId }, context) =>
          context.publish(new OrderPlaced({ orderId })),
        ),
      ],
    });
    await harness.start();
    const trace = {
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      tracestate: 'vendor=1',
      baggage: 'tenant=acme',
    };
    await sales.send(new PlaceOrder({ orderId: 'A-1' }), { headers: trace });
    await harness.settled();
    expect(harness.outgoing[1]?.headers).toMatchObject(trace);
  });

  test('should not hand on headers of the user', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', {
      routes,
      handlers: [
        handler(PlaceOrder, ({ orderId }, context) =>
          context.publish(new OrderPlaced({ orderId })),
        ),
      ],
    });
    await harness.start();
    await sales.send(new PlaceOrder({ orderId: 'A-1' }), { headers: { tenant: 'acme' } });
    await harness.settled();
    expect(harness.outgoing[1]?.headers).not.toHaveProperty('tenant');
  });

  test('should show the handler what its message carries', async () => {
    await using harness = createHarness();
    const seen: unknown[] = [];
    const client = harness.endpoint('client', { routes });
    harness.endpoint('sales', {
      handlers: [
        handler(PlaceOrder, (_, context) => {
          const { messageId, correlationId, conversationId, replyTo, attempt, headers } = context;
          seen.push({ messageId, correlationId, conversationId, replyTo, attempt });
          seen.push(headers['tenant']);
        }),
      ],
    });
    await harness.start();
    await client.send(new PlaceOrder({ orderId: 'A-1' }), {
      messageId: 'm-1',
      headers: { tenant: 'acme' },
    });
    await harness.settled();
    expect(seen).toEqual([
      {
        messageId: 'm-1',
        correlationId: 'm-1',
        conversationId: 'm-1',
        replyTo: 'client',
        attempt: { immediate: 0, delayed: 0 },
      },
      'acme',
    ]);
  });

  test('should name no reply address for a sender that cannot receive', async () => {
    await using harness = createHarness();
    const client = harness.endpoint('client', { routes, sendOnly: true });
    const addresses: unknown[] = [];
    harness.endpoint('sales', {
      recoverability: noRetries,
      handlers: [
        handler(PlaceOrder, async ({ orderId }, context) => {
          addresses.push(context.replyTo);
          await context.reply(new Accepted({ orderId }));
        }),
      ],
    });
    await harness.start();
    await client.send(new PlaceOrder({ orderId: 'A-1' }));
    await harness.settled();
    expect(addresses).toEqual([undefined]);
    expect(harness.failures(PlaceOrder)).toMatchObject([
      {
        code: 'NO_REPLY_ADDRESS',
        message: expect.stringContaining('names no address to reply to') as string,
      },
    ]);
  });
});
