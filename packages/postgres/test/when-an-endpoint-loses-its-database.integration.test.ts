import {
  Command,
  Event,
  type HandlerContext,
  MemoryBroker,
  createEndpoint,
  defineRoutes,
  handler,
  memoryTransport,
  silentLogger,
} from '@busbar/core';
import type { PoolClient } from 'pg';
import { expect, test } from 'vitest';
import { postgresForTests } from '../../../test/support/postgres/postgres-for-tests.ts';
import { startPrivatePostgres } from '../../../test/support/postgres/private-postgres.ts';
import { createDatabase } from '../../../test/support/postgres/test-database.ts';
import { until } from '../../../test/support/rabbitmq/bounded-wait.ts';
import { pgPersistence } from '../src/pg/index.ts';
import { failureOf } from './support/connect.ts';

class PlaceOrder extends Command('Sales.PlaceOrder')<{ orderId: string }> {}
class OrderPlaced extends Event('Sales.OrderPlaced')<{ orderId: string }> {}

const routes = defineRoutes({ sales: [PlaceOrder] });
const postgres = await postgresForTests();

test('should keep the messages, and do each once when the database is back', async (context) => {
  postgres.orSkip(context);
  await using server = await startPrivatePostgres();
  const database = await createDatabase(server);
  await database.rows('CREATE TABLE orders (id text)');
  const broker = new MemoryBroker();
  const common = { transport: memoryTransport({ broker }), logger: silentLogger, routes };
  const placed: string[] = [];
  const billing = createEndpoint('billing', {
    ...common,
    handlers: [handler(OrderPlaced, async ({ orderId }) => void placed.push(orderId))],
  });
  const sales = createEndpoint('sales', {
    ...common,
    persistence: pgPersistence(database.pool({ max: 3 })),
    outbox: true,
    concurrency: 8,
    handlers: [
      handler(
        PlaceOrder,
        async ({ orderId }, attempt: HandlerContext<typeof routes, PoolClient>) => {
          await attempt.storage.query('INSERT INTO orders VALUES ($1)', [orderId]);
          await attempt.publish(new OrderPlaced({ orderId }));
        },
      ),
    ],
  });
  await billing.start();
  await sales.start();

  const orders = Array.from({ length: 60 }, (_, index) => `A-${index}`);
  const send = (some: readonly string[]): Promise<unknown> =>
    Promise.all(some.map((orderId) => billing.send(new PlaceOrder({ orderId }))));
  await send(orders.slice(0, 30));
  await server.kill();
  await send(orders.slice(30));
  await until(20_000, 'the endpoint to notice', () => sales.health().status !== 'healthy');
  await server.start();

  await until(30_000, 'all orders', () => placed.length >= orders.length);
  await until(30_000, 'good health', () => sales.health().status === 'healthy');
  // Asked before the stop: a stopped endpoint counts nothing.
  const { counts } = sales.health();
  await sales.stop();
  await billing.stop();
  expect([...placed].sort()).toEqual([...orders].sort());
  const rows = await database.rows('SELECT id FROM orders');
  expect(rows.map(({ id }) => String(id)).sort()).toEqual([...orders].sort());
  expect(counts).toMatchObject({ movedToError: 0, delayed: 0 });
  expect(counts.handled).toBeGreaterThan(0);
  await database[Symbol.asyncDispose]();
}, 90_000);

test('should fail to start while the database is away, and say which', async (context) => {
  postgres.orSkip(context);
  await using server = await startPrivatePostgres();
  const database = await createDatabase(server);
  const pool = database.pool();
  await server.stop();
  const start = (): Promise<void> =>
    createEndpoint('sales', {
      transport: memoryTransport({ broker: new MemoryBroker() }),
      logger: silentLogger,
      persistence: pgPersistence(pool),
      outbox: true,
    }).start();
  const failure = await failureOf(start());
  expect(failure).toMatchObject({ code: 'PERSISTENCE_UNAVAILABLE' });
  expect(failure.message).toContain(`127.0.0.1:${server.port}/${database.name}`);
  await server.start();
  await start();
  await database[Symbol.asyncDispose]();
}, 60_000);
