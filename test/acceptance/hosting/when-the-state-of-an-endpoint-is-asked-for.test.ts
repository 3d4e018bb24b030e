import {
  type AnyEndpoint,
  Command,
  Event,
  behavior,
  createEndpoint,
  defineRoutes,
  exponential,
  handler,
  memoryPersistence,
  transportFrom,
} from '@busbar/core';
import { createHarness, noRetries } from '@busbar/testing';
import { describe, expect, test } from 'vitest';

class PlaceOrder extends Command('Sales.PlaceOrder')<{ orderId: string }> {}
class BillOrder extends Command('Billing.BillOrder')<{ orderId: string }> {}
class OrderPlaced extends Event('Sales.OrderPlaced')<{ orderId: string }> {}
class PriorityOrderPlaced extends Event('Sales.PriorityOrderPlaced', { extends: OrderPlaced })<{
  level: number;
}> {}

class ValidationError extends Error {}

const routes = defineRoutes({ sales: [PlaceOrder], billing: [BillOrder] });

describe('when the diagnostics of an endpoint are asked for', () => {
  test('should be one JSON document that says what it is and does', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', {
      routes,
      instance: 'pod-1',
      persistence: memoryPersistence(),
      outbox: true,
      auditQueue: 'audit',
      concurrency: 4,
      recoverability: {
        immediate: 2,
        delayed: exponential({ attempts: 5, from: '5s', to: '5m' }),
        unrecoverable: [ValidationError],
      },
      behaviors: [behavior('handlers', 'tenant', (_, next) => next())],
      handlers: [
        handler(PlaceOrder, () => {}, { name: 'placeOrder' }),
        handler(OrderPlaced, () => {}, { name: 'onPlaced' }),
        handler(PriorityOrderPlaced, () => {}, { name: 'onPriority' }),
      ],
    });
    await harness.start();
    const diagnostics = sales.diagnostics();
    expect(JSON.parse(JSON.stringify(diagnostics))).toEqual(diagnostics);
    expect(diagnostics).toMatchObject({
      endpoint: 'sales',
      instance: 'pod-1',
      node: process.version,
      transport: { address: 'memory:', name: 'memory', capabilities: { durable: false } },
      persistence: 'memory',
      container: 'plain',
      outbox: true,
      concurrency: 4,
      queues: ['sales', 'sales-pod-1', 'sales.replies.pod-1', 'error', 'audit', 'billing'],
      errorQueue: 'error',
      auditQueue: 'audit',
      subscriptions: ['Sales.OrderPlaced'],
      routes: { 'Sales.PlaceOrder': 'sales', 'Billing.BillOrder': 'billing' },
      handlers: {
        'Sales.PlaceOrder': ['placeOrder'],
        'Sales.OrderPlaced': ['onPlaced'],
        'Sales.PriorityOrderPlaced': ['onPlaced', 'onPriority'],
      },
      recoverability: {
        immediate: 2,
        delayed: { attempts: 5, delays: 'exponential 5000 ms to 300000 ms, factor 2, jitter 0.2' },
        unrecoverable: ['ValidationError'],
      },
    });
    const stages = diagnostics.pipeline.map(({ stage }) => stage);
    expect(stages.slice(0, 6)).toEqual([
      'transport-receive',
      'unwrap',
      'outbox',
      'deserialize',
      'transaction',
      'handlers',
    ]);
    expect(diagnostics.pipeline[5]).toMatchObject({
      stage: 'handlers',
      behaviors: ['tenant', 'harness'],
    });
  });

  test('should have no secrets: neither of addresses nor of headers', () => {
    const shop = createEndpoint('shop', {
      transport: transportFrom('amqp://user:secret@broker.example/vhost?token=secret'),
      headers: { authorization: 'secret' },
    });
    expect(JSON.stringify(shop.diagnostics())).not.toContain('secret');
    expect(shop.diagnostics().transport.address).toContain('broker.example');
  });
});

describe('when the health of an endpoint is asked for', () => {
  test('should follow its life', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', { routes });
    const seen: unknown[] = [];
    const note = (): void => {
      const { state, status, connected } = sales.health();
      seen.push(`${state}: ${status}${connected ? ', connected' : ''}`);
    };
    note();
    const starting = sales.start();
    note();
    await starting;
    note();
    const stopping = sales.stop();
    await Promise.resolve();
    note();
    await stopping;
    note();
    expect(seen).toEqual([
      'new: unhealthy',
      'starting: unhealthy',
      'running: healthy, connected',
      'stopping: unhealthy, connected',
      'stopped: unhealthy',
    ]);
  });

  test('should tell that a handler makes no progress, and that it does again', async () => {
    await using harness = createHarness();
    const gate = Promise.withResolvers<void>();
    const sales = harness.endpoint('sales', {
      routes,
      handlers: [handler(PlaceOrder, () => gate.promise)],
    });
    await harness.start();
    await sales.send(new PlaceOrder({ orderId: 'A-1' }));
    await harness.advance('60s');
    expect(sales.health()).toMatchObject({
      status: 'healthy',
      receivers: [{ queue: 'sales', receiving: true, inFlight: 1, settled: 0 }],
    });
    await harness.advance('1s');
    expect(sales.health()).toMatchObject({
      status: 'degraded',
      problems: ['queue "sales": no message settled for 61 s while 1 are in handlers'],
    });
    gate.resolve();
    await harness.settled();
    expect(sales.health()).toMatchObject({ status: 'healthy', receivers: [{ settled: 1 }] });
  });

  test('should tell that its queue is gone, and that it is back', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', { routes, handlers: [handler(PlaceOrder, () => {})] });
    await harness.start();
    harness.broker.removeQueue('sales');
    expect(sales.health()).toMatchObject({
      status: 'unhealthy',
      problems: ['queue "sales" is not received: the queue was removed'],
    });
    await sales.provision();
    expect(sales.health().status).toBe('healthy');
    await sales.send(new PlaceOrder({ orderId: 'A-1' }));
    await harness.settled();
    expect(harness.handled(PlaceOrder)).toHaveLength(1);
  });

  test('should count what happened to messages, and not change by being read', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', {
      routes,
      recoverability: noRetries,
      handlers: [
        handler(PlaceOrder, ({ orderId }) => {
          if (orderId === 'bad') throw new Error('no stock');
        }),
      ],
    });
    await harness.start();
    const before = sales.health();
    for (const orderId of ['A-1', 'bad', 'A-2']) await sales.send(new PlaceOrder({ orderId }));
    await harness.settled();
    expect(before.counts.handled).toBe(0);
    expect(sales.health().counts).toEqual({
      handled: 2,
      failed: 1,
      movedToError: 1,
      delayed: 0,
      discarded: 0,
      expired: 0,
      deduplicated: 0,
      conflicts: 0,
    });
  });

  test('should be known to a handler of the very first message', async () => {
    await using harness = createHarness();
    const states: string[] = [];
    const first = harness.endpoint('sales', { handlers: [handler(PlaceOrder, () => {})] });
    await first.start();
    await first.stop();
    await harness.inject('sales', {
      headers: { 'busbar-enclosed-types': 'Sales.PlaceOrder' },
      body: '{"orderId":"A-1"}',
    });
    const second: AnyEndpoint = harness.endpoint('sales', {
      handlers: [handler(PlaceOrder, () => void states.push(String(second.health().connected)))],
    });
    await harness.start();
    await harness.settled();
    expect(states).toEqual(['true']);
  });
});
