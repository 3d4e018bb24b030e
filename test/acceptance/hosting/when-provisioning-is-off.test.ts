import { Command, Event, defineRoutes, handler } from '@busbar/core';
import { createHarness } from '@busbar/testing';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { transports } from '../../support/transports.ts';

class PlaceOrder extends Command('Sales.PlaceOrder')<{ orderId: string }> {}
class BillOrder extends Command('Billing.BillOrder')<{ orderId: string }> {}
class OrderPlaced extends Event('Sales.OrderPlaced')<{ orderId: string }> {}

const routes = defineRoutes({ sales: [PlaceOrder], billing: [BillOrder] });
const options = {
  routes,
  provision: false,
  auditQueue: 'audit',
  handlers: [handler(PlaceOrder, () => {}), handler(OrderPlaced, () => {})],
};

describe.each(transports)('when provisioning is off on $name', (transport) => {
  test('should refuse to start and name every queue that is missing', async () => {
    await using harness = await transport.harness();
    const sales = harness.endpoint('sales', options);
    await (await harness.queues()).provision([{ name: 'sales' }, { name: 'error' }]);
    await expect(sales.start()).rejects.toMatchObject({
      code: 'MISSING_QUEUE',
      message: expect.stringContaining(
        'Endpoint "sales" needs queues that do not exist: "audit", "billing".',
      ) as string,
      help: 'Provision the endpoint, or let it provision at start with `provision: true`.',
      details: { endpoint: 'sales', missing: ['audit', 'billing'] },
    });
  });

  test('should refuse to start and name every subscription that is missing', async () => {
    await using harness = await transport.harness();
    const sales = harness.endpoint('sales', options);
    const queues = ['sales', 'error', 'audit', 'billing'].map((name) => ({ name }));
    await (await harness.queues()).provision(queues);
    await expect(sales.start()).rejects.toMatchObject({
      code: 'MISSING_SUBSCRIPTION',
      message: expect.stringContaining(
        'Endpoint "sales" handles events that its queue "sales" is not subscribed to: "Sales.OrderPlaced".',
      ) as string,
    });
  });

  test('should start once it was provisioned', async () => {
    await using harness = await transport.harness();
    const sales = harness.endpoint('sales', options);
    await sales.provision();
    await sales.start();
    await sales.publish(new OrderPlaced({ orderId: 'A-1' }));
    await harness.settled();
    expect(harness.handled(OrderPlaced)).toHaveLength(1);
  });
});

describe('when provisioning is neither on nor off', () => {
  test.each([
    ['production', false, 'MISSING_QUEUE'],
    ['production', true, undefined],
    ['development', false, undefined],
  ])('should be decided in %s with embedded: %s', async (environment, embedded, code) => {
    vi.stubEnv('NODE_ENV', environment);
    onTestFinished(() => void vi.unstubAllEnvs());
    await using harness = createHarness();
    const { transport } = harness;
    const sales = harness.endpoint('sales', {
      transport: { ...transport, capabilities: { ...transport.capabilities, embedded } },
      handlers: [handler(PlaceOrder, () => {})],
    });
    const outcome = await sales.start().catch((error: unknown) => error);
    expect((outcome as { code?: string } | undefined)?.code).toBe(code);
  });

  test('should make a queue that somebody else removed, at the next start', async () => {
    await using harness = createHarness();
    const first = harness.endpoint('sales', { handlers: [handler(PlaceOrder, () => {})] });
    await first.start();
    await first.stop();
    harness.broker.removeQueue('sales');
    const second = harness.endpoint('sales', { handlers: [handler(PlaceOrder, () => {})] });
    await second.start();
    await second.sendLocal(new PlaceOrder({ orderId: 'A-1' }));
    await harness.settled();
    expect(harness.handled(PlaceOrder)).toHaveLength(1);
  });
});
