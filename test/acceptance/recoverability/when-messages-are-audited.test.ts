import { hostname } from 'node:os';
import { Command, Event, defineRoutes, handler, pause } from '@busbar/core';
import { createHarness, noRetries } from '@busbar/testing';
import { describe, expect, test } from 'vitest';
import { transports } from '../../support/transports.ts';

class PlaceOrder extends Command('Sales.PlaceOrder')<{ orderId: string }> {}
class OrderPlaced extends Event('Sales.OrderPlaced')<{ orderId: string }> {}

const routes = defineRoutes({ sales: [PlaceOrder] });
const placeOrder = new PlaceOrder({ orderId: 'A-1' });

describe.each(transports)('when messages are audited on $name', (transport) => {
  test('should copy each handled message, and none that failed', async () => {
    await using harness = await transport.harness();
    const sales = harness.endpoint('sales', {
      routes,
      auditQueue: 'audit',
      recoverability: noRetries,
      handlers: [
        handler(PlaceOrder, ({ orderId }) => {
          if (orderId === 'bad') throw new Error('no stock');
        }),
      ],
    });
    await harness.start();
    await sales.send(placeOrder);
    await sales.send(new PlaceOrder({ orderId: 'bad' }));
    await harness.settled();
    const audited = await (await harness.queues()).peek('audit', 10);
    expect(audited.map(({ body }) => new TextDecoder().decode(body))).toEqual([
      '{"orderId":"A-1"}',
    ]);
    expect(await harness.errorQueue()).toHaveLength(1);
  });
});

describe('when messages are audited', () => {
  test('should keep what was received and add when and where it was handled', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', {
      routes,
      auditQueue: 'audit',
      mutators: [
        {
          incomingBytes: (incoming) => {
            incoming.headers['changed'] = 'yes';
            incoming.body = new TextEncoder().encode('{"orderId":"changed"}');
          },
        },
      ],
      handlers: [handler(PlaceOrder, () => pause(harness.clock, 1_500))],
    });
    await harness.start();
    await sales.send(placeOrder, { timeToBeReceived: '1h', headers: { tenant: 'acme' } });
    await harness.advance('2s');
    const [copy] = await (await harness.queues()).peek('audit', 10);
    const { 'busbar-expires-at': expiresAt, ...sent } = harness.outgoing[0]!.headers;
    expect(expiresAt).toBeDefined();
    expect(copy?.headers).toEqual({
      ...sent,
      'busbar-copy': '1',
      'busbar-processing-endpoint': 'sales',
      'busbar-processing-host': hostname(),
      'busbar-processing-started': '2026-01-01T00:00:00.000Z',
      'busbar-processing-ended': '2026-01-01T00:00:01.500Z',
    });
    expect(new TextDecoder().decode(copy?.body)).toBe('{"orderId":"A-1"}');
  });

  test('should fail the attempt where the audit queue is gone, so that no gap arises', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', {
      routes,
      auditQueue: 'audit',
      recoverability: noRetries,
      handlers: [
        handler(PlaceOrder, ({ orderId }, context) =>
          context.publish(new OrderPlaced({ orderId })),
        ),
      ],
    });
    await harness.start();
    harness.broker.removeQueue('audit');
    await sales.send(placeOrder);
    await harness.settled();
    expect(await harness.errorQueue()).toMatchObject([{ failure: { code: 'UNDELIVERABLE' } }]);
    expect(harness.published(OrderPlaced)).toEqual([]);
  });
});
