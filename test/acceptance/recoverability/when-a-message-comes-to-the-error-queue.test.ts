import { hostname } from 'node:os';
import {
  Command,
  MemoryBroker,
  defineRoutes,
  handler,
  memoryCapabilities,
  memoryTransport,
} from '@busbar/core';
import { createHarness, noRetries } from '@busbar/testing';
import { describe, expect, test } from 'vitest';

class PlaceOrder extends Command('Sales.PlaceOrder')<{ orderId: string }> {}

const routes = defineRoutes({ sales: [PlaceOrder] });
const placeOrder = new PlaceOrder({ orderId: 'A-1' });

describe('when a message comes to the error queue', () => {
  test('should keep what was received and add why it failed', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', {
      routes,
      recoverability: noRetries,
      handlers: [
        handler(
          PlaceOrder,
          () => {
            throw new RangeError('no stock', { cause: new Error('the warehouse is empty') });
          },
          { name: 'placeOrder' },
        ),
      ],
    });
    await harness.start();
    await sales.send(placeOrder, {
      messageId: 'm-1',
      partitionKey: 'A-1',
      headers: {
        tenant: 'Käse',
        traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      },
    });
    await harness.settled();
    const [failed] = await harness.errorQueue();
    const sent = harness.outgoing[0]!;
    expect(failed?.headers).toEqual({
      ...sent.headers,
      'busbar-copy': '1',
      'busbar-failed-queue': 'sales',
      'busbar-failed-at': '2026-01-01T00:00:00.000Z',
      'busbar-failure-type': 'RangeError',
      'busbar-failure-message': 'no stock',
      'busbar-failure-stack': expect.stringContaining('RangeError: no stock') as string,
      'busbar-failure-attempts': '1',
      'busbar-failure-handler': 'placeOrder',
      'busbar-processing-endpoint': 'sales',
      'busbar-processing-host': hostname(),
    });
    expect(failed?.failure.stack).toContain('Caused by: Error: the warehouse is empty');
    expect(failed?.failure.stack).toContain('when-a-message-comes-to-the-error-queue');
    expect(failed?.body).toEqual(sent.body);
  });

  test('should carry the code of an error that has one', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', {
      routes,
      recoverability: noRetries,
      handlers: [
        handler(PlaceOrder, async ({ orderId }, context) => {
          await context.send(new PlaceOrder({ orderId }), { destination: 'nowhere' });
        }),
      ],
    });
    await harness.start();
    await sales.send(placeOrder);
    await harness.settled();
    expect(await harness.errorQueue()).toMatchObject([
      { failure: { code: 'UNDELIVERABLE', type: 'BusbarError' } },
    ]);
  });

  test('should not expire there, nor start with old counts or delays when it is replayed', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', {
      routes,
      handlers: [
        handler(PlaceOrder, () => {
          throw new Error('no stock');
        }),
      ],
    });
    await harness.start();
    await sales.send(placeOrder, { timeToBeReceived: '10m' });
    await harness.advance('1h');
    const [failed] = await harness.errorQueue();
    expect(failed?.failure.attempts).toBe(24);
    expect(failed?.headers).not.toHaveProperty('busbar-expires-at');
    expect(failed?.headers).not.toHaveProperty('busbar-delayed-attempts');
    expect(failed?.headers).not.toHaveProperty('busbar-deliver-at');
    expect(failed?.headers['busbar-copy']).toBe('4');
  });

  test('should be without what its handler or a mutator changed about it', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', {
      routes,
      recoverability: noRetries,
      handlers: [
        handler(PlaceOrder, (message, { headers }) => {
          (message as { orderId: string }).orderId = 'changed';
          (headers as Record<string, string>)['changed'] = 'yes';
          throw new Error('no stock');
        }),
      ],
    });
    await harness.start();
    await sales.send(placeOrder);
    await harness.settled();
    const [failed] = await harness.errorQueue();
    expect(failed?.json).toEqual({ orderId: 'A-1' });
    expect(failed?.headers).not.toHaveProperty('changed');
  });

  test('should have its details cut to what the transport takes, the stack first', async () => {
    const transport = memoryTransport({ broker: new MemoryBroker() });
    const maxHeaderBytes = 2_000;
    await using harness = createHarness({
      transport: { ...transport, capabilities: { ...memoryCapabilities, maxHeaderBytes } },
    });
    const sales = harness.endpoint('sales', {
      routes,
      recoverability: noRetries,
      handlers: [
        handler(PlaceOrder, () => {
          throw new Error(`no stock ${'🚚'.repeat(150)}`);
        }),
      ],
    });
    await harness.start();
    await sales.send(placeOrder);
    await harness.settled();
    const [failed] = await harness.errorQueue();
    const bytes = Object.entries(failed!.headers).reduce(
      (sum, [name, value]) => sum + Buffer.byteLength(name) + Buffer.byteLength(value),
      0,
    );
    expect(bytes).toBeLessThanOrEqual(maxHeaderBytes);
    expect(failed?.failure).toMatchObject({ queue: 'sales', type: 'Error', attempts: 1 });
    expect(failed?.failure.message).toMatch(/^no stock 🚚/u);
    expect(failed?.failure.message).not.toContain('\uFFFD');
  });

  test('should have a message and a stack of bounded length', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', {
      routes,
      recoverability: noRetries,
      handlers: [
        handler(PlaceOrder, () => {
          throw new Error('x'.repeat(1_000_000));
        }),
      ],
    });
    await harness.start();
    await sales.send(placeOrder);
    await harness.settled();
    const [failed] = await harness.errorQueue();
    expect(failed?.failure.message).toHaveLength(4_096);
    expect(failed?.failure.stack).toHaveLength(16_384);
  });
});
