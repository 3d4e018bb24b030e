import {
  Command,
  Event,
  type Serializer,
  type Topology,
  defaultTopology,
  defineRoutes,
  handler,
  jsonSerializer,
} from '@busbar/core';
import { createHarness, noRetries } from '@busbar/testing';
import { describe, expect, test } from 'vitest';
import { transports } from '../../support/transports.ts';

class PlaceOrder extends Command('Sales.PlaceOrder')<{ orderId: string }> {}
class OrderPlaced extends Event('Sales.OrderPlaced')<{ orderId: string }> {}

const routes = defineRoutes({ sales: [PlaceOrder] });
const placeOrder = new PlaceOrder({ orderId: 'A-1' });

const form: Serializer = {
  contentType: 'application/x-www-form-urlencoded',
  serialize: (value) => new TextEncoder().encode(String(new URLSearchParams({ ...value }))),
  deserialize: (body) => Object.fromEntries(new URLSearchParams(new TextDecoder().decode(body))),
};

describe.each(transports)('when the topology is the users own on $name', (transport) => {
  test('should name every queue and topic by it', async () => {
    const topology: Topology = {
      inputQueue: (endpoint) => `test-${endpoint}`,
      instanceQueue: (endpoint, instance) => `test-${endpoint}-${instance}`,
      replyQueue: (endpoint, instance) => `test-${endpoint}-${instance}-replies`,
      topic: (messageType) => `test-${messageType}`,
    };
    await using harness = await transport.harness();
    const shop = harness.endpoint('shop', { routes, topology, instance: 'pod-1' });
    const sales = harness.endpoint('sales', {
      topology,
      handlers: [
        handler(PlaceOrder, ({ orderId }, context) =>
          context.publish(new OrderPlaced({ orderId })),
        ),
        handler(OrderPlaced, () => {}),
      ],
    });
    await harness.start();
    await shop.send(placeOrder);
    await harness.settled();
    expect(harness.handled(OrderPlaced)).toHaveLength(1);
    expect(harness.outgoing.map(({ destination }) => destination)).toEqual([
      'test-sales',
      'test-Sales.OrderPlaced',
    ]);
    expect(shop.diagnostics().queues).toEqual([
      'test-shop',
      'test-shop-pod-1',
      'test-shop-pod-1-replies',
      'error',
      'test-sales',
    ]);
    expect(sales.diagnostics().subscriptions).toEqual(['test-Sales.OrderPlaced']);
    expect(defaultTopology.inputQueue('sales')).toBe('sales');
  });
});

describe('when the serializer is the users own', () => {
  test('should write with it, and read by the content type of each message', async () => {
    await using harness = createHarness();
    const shop = harness.endpoint('shop', { routes, serializer: form });
    const other = harness.endpoint('other', { routes });
    harness.endpoint('sales', {
      serializer: form,
      deserializers: [jsonSerializer()],
      handlers: [handler(PlaceOrder, () => {})],
    });
    await harness.start();
    await shop.send(placeOrder);
    await other.send(placeOrder);
    await harness.settled();
    expect(harness.handled(PlaceOrder)).toEqual([placeOrder, placeOrder]);
    expect(harness.outgoing.map(({ headers }) => headers['busbar-content-type'])).toEqual([
      'application/x-www-form-urlencoded',
      'application/json',
    ]);
    expect(new TextDecoder().decode(harness.outgoing[0]?.body)).toBe('orderId=A-1');
  });

  test.each(['application/json; charset=utf-8', 'Application/JSON;charset=UTF-8', ''])(
    'should find the serializer behind the content type "%s" of another client',
    async (contentType) => {
      await using harness = createHarness();
      harness.endpoint('sales', { handlers: [handler(PlaceOrder, () => {})] });
      await harness.start();
      await harness.inject('sales', {
        headers: {
          'busbar-message-id': 'foreign',
          'busbar-enclosed-types': 'Sales.PlaceOrder',
          'busbar-content-type': contentType,
        },
        body: '{"orderId":"A-1"}',
      });
      await harness.settled();
      expect(harness.handled(PlaceOrder)).toEqual([placeOrder]);
    },
  );

  test('should go to the error queue where the receiver cannot read it', async () => {
    await using harness = createHarness();
    const shop = harness.endpoint('shop', { routes, serializer: form });
    harness.endpoint('sales', {
      recoverability: noRetries,
      handlers: [handler(PlaceOrder, () => {})],
    });
    await harness.start();
    await shop.send(placeOrder);
    await harness.settled();
    expect(await harness.errorQueue()).toMatchObject([
      {
        failure: {
          code: 'UNDECODABLE',
          message: expect.stringContaining(
            'is of content type "application/x-www-form-urlencoded"; this endpoint reads application/json.',
          ) as string,
        },
      },
    ]);
  });
});
