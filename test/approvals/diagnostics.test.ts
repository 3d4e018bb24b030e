import {
  Command,
  Event,
  MemoryBroker,
  Message,
  behavior,
  createEndpoint,
  defineRoutes,
  defineSaga,
  directoryStore,
  exponential,
  handler,
  memoryPersistence,
  memoryTransport,
  silentLogger,
} from '@busbar/core';
import { expect, test } from 'vitest';

class OrderBilled extends Message('Billing.OrderBilled')<{ invoice: string }> {}
class PlaceOrder extends Command('Sales.PlaceOrder')<{ orderId: string }> {}
class BillOrder extends Command('Billing.BillOrder', { reply: OrderBilled })<{ orderId: string }> {}
class OrderPlaced extends Event('Sales.OrderPlaced')<{ orderId: string }> {}
class RushOrderPlaced extends Event('Sales.RushOrderPlaced', { extends: OrderPlaced }) {}

const billing = defineSaga('Sales.Billing', {
  correlation: 'orderId',
  initialState: () => ({ orderId: '' }),
})
  .startedBy(
    OrderPlaced,
    ({ orderId }) => orderId,
    () => {},
  )
  .onReply(OrderBilled, () => {});

const routes = defineRoutes({ sales: [PlaceOrder], billing: [BillOrder] });

test('should describe an endpoint with everything configured', async () => {
  await using endpoint = createEndpoint('sales', {
    transport: memoryTransport({ broker: new MemoryBroker() }),
    routes,
    handlers: [
      handler(PlaceOrder, () => {}, { name: 'placeOrder' }),
      handler(OrderPlaced, () => {}, { name: 'project' }),
      handler(RushOrderPlaced, () => {}, { name: 'hurry' }),
    ],
    sagas: [billing],
    behaviors: [behavior('handlers', 'tenant', (_, next) => next())],
    persistence: memoryPersistence(),
    outbox: true,
    recoverability: {
      immediate: 3,
      delayed: exponential({ attempts: 5, from: '5s', to: '5m' }),
      unrecoverable: [RangeError],
      rateLimit: { afterFailures: 20 },
    },
    concurrency: 8,
    ordered: true,
    instance: 'sales-0',
    auditQueue: 'audit',
    claimCheck: { store: directoryStore('claims') },
    logger: silentLogger,
  });
  await endpoint.start();
  const { host, node, ...stable } = endpoint.diagnostics();
  expect({ host: typeof host, node }).toEqual({ host: 'string', node: process.version });
  await expect(`${JSON.stringify(stable, null, 2)}\n`).toMatchFileSnapshot('diagnostics.txt');
});
