import { Event, handler } from '@busbar/core';
import { describe, expect, test } from 'vitest';
import { transports } from '../../support/transports.ts';

class OrderPlaced extends Event('Sales.OrderPlaced')<{ orderId: string }> {}
class OrderBilled extends Event('Billing.OrderBilled')<{ orderId: string }> {}

const onPlaced = handler(OrderPlaced, () => {});
const onBilled = handler(OrderBilled, () => {});

describe.each(transports)('when an endpoint subscribes on $name', (transport) => {
  test('should get what is published while it is down', async () => {
    await using harness = await transport.harness();
    const sales = harness.endpoint('sales');
    const shipping = harness.endpoint('shipping', { handlers: [onPlaced] });
    await harness.start();
    await shipping.stop();
    await sales.publish(new OrderPlaced({ orderId: 'A-1' }));
    harness.endpoint('shipping', { handlers: [onPlaced] });
    await harness.start();
    await harness.settled();
    expect(harness.handled(OrderPlaced)).toHaveLength(1);
  });

  test('should never unsubscribe at start, and show what is stale in its health', async () => {
    await using harness = await transport.harness();
    const before = harness.endpoint('shipping', { handlers: [onPlaced, onBilled] });
    await before.start();
    await before.stop();
    const after = harness.endpoint('shipping', { handlers: [onPlaced] });
    const sales = harness.endpoint('sales');
    await harness.start();
    expect(after.health()).toMatchObject({
      status: 'degraded',
      problems: ['subscribed without a handler: Billing.OrderBilled'],
      staleSubscriptions: ['Billing.OrderBilled'],
    });
    await sales.publish(new OrderBilled({ orderId: 'A-1' }));
    const queues = await (await harness.queues()).list();
    const shipping = queues.find(({ name }) => name === 'shipping')!;
    expect(shipping.ready + shipping.inFlight + shipping.delayed).toBe(1);
  });

  test('should prune what is stale when it is asked to, and say what it did', async () => {
    await using harness = await transport.harness();
    const before = harness.endpoint('shipping', { handlers: [onPlaced, onBilled] });
    await before.start();
    await before.stop();
    const after = harness.endpoint('shipping', { handlers: [onPlaced] });
    const sales = harness.endpoint('sales');
    await harness.start();
    expect(await after.provision()).toEqual({
      queues: ['shipping', 'error'],
      subscriptions: ['Sales.OrderPlaced'],
      staleSubscriptions: ['Billing.OrderBilled'],
      pruned: false,
    });
    expect(await after.provision({ prune: true })).toMatchObject({
      staleSubscriptions: ['Billing.OrderBilled'],
      pruned: true,
    });
    expect(after.health()).toMatchObject({ status: 'healthy', staleSubscriptions: [] });
    await sales.publish(new OrderBilled({ orderId: 'A-1' }));
    await sales.publish(new OrderPlaced({ orderId: 'A-1' }));
    await harness.settled();
    expect(harness.attempts).toHaveLength(1);
    expect(await after.provision()).toMatchObject({ staleSubscriptions: [] });
  });

  test('should be provisioned without being started', async () => {
    await using harness = await transport.harness();
    const shipping = harness.endpoint('shipping', { handlers: [onPlaced], auditQueue: 'audit' });
    const sales = harness.endpoint('sales');
    await sales.start();
    expect(await shipping.provision()).toEqual({
      queues: ['shipping', 'error', 'audit'],
      subscriptions: ['Sales.OrderPlaced'],
      staleSubscriptions: [],
      pruned: false,
    });
    expect(shipping.state).toBe('new');
    await sales.publish(new OrderPlaced({ orderId: 'A-1' }));
    await shipping.start();
    await harness.settled();
    expect(harness.handled(OrderPlaced)).toHaveLength(1);
  });
});
