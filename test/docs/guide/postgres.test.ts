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
import { postgresGrants, postgresTables } from '@busbar/postgres';
import { pgPersistence } from '@busbar/postgres/pg';
import { Pool, type PoolClient } from 'pg';
import { expect, test } from 'vitest';
import { postgresForTests } from '../../support/postgres/postgres-for-tests.ts';
import { createDatabase } from '../../support/postgres/test-database.ts';

class PlaceOrder extends Command('Sales.PlaceOrder')<{ orderId: string }> {}
class OrderPlaced extends Event('Sales.OrderPlaced')<{ orderId: string }> {}

const routes = defineRoutes({ sales: [PlaceOrder] });
const postgres = await postgresForTests();

// #region handler
const placeOrder = handler(
  PlaceOrder,
  async ({ orderId }, context: HandlerContext<typeof routes, PoolClient>) => {
    await context.storage.query('INSERT INTO orders (id) VALUES ($1)', [orderId]);
    await context.publish(new OrderPlaced({ orderId }));
  },
);
// #endregion

test('should change data and publish as one thing, once for each message', async (context) => {
  await using database = await createDatabase(postgres.orSkip(context));
  await database.rows('CREATE TABLE orders (id text PRIMARY KEY)');
  const connectionString = database.url;
  const broker = new MemoryBroker();
  const { promise: handled, resolve } = Promise.withResolvers<string>();
  const billing = createEndpoint('billing', {
    transport: memoryTransport({ broker }),
    logger: silentLogger,
    handlers: [handler(OrderPlaced, async ({ orderId }) => resolve(orderId))],
  });
  await billing.start();

  const others = { transport: memoryTransport({ broker }), logger: silentLogger, routes };
  // #region endpoint
  const pool = new Pool({ connectionString, max: 20 });
  const sales = createEndpoint('sales', {
    ...others,
    persistence: pgPersistence(pool),
    outbox: true,
    handlers: [placeOrder],
  });
  await sales.start();
  // #endregion

  await sales.send(new PlaceOrder({ orderId: 'A-1' }), { messageId: 'order-A-1' });
  expect(await handled).toBe('A-1');
  await sales.send(new PlaceOrder({ orderId: 'A-1' }), { messageId: 'order-A-1' });
  await expect.poll(() => sales.health().counts.deduplicated).toBe(1);
  expect(await database.rows('SELECT id FROM orders')).toEqual([{ id: 'A-1' }]);

  // #region end
  await sales.stop();
  await pool.end(); // the pool is yours: it ends after the endpoint
  // #endregion
  await billing.stop();
  // What was dispatched is no longer kept; that the message was handled is.
  expect(await database.rows('SELECT id FROM busbar_outbox')).toEqual([]);
  expect(await database.rows('SELECT message_id FROM busbar_handled')).toEqual([
    { message_id: 'order-A-1' },
  ]);
});

test('should print what makes the tables, and what gives the rights', async (context) => {
  await using database = await createDatabase(postgres.orSkip(context));
  const role = `${database.name}_sales`;
  await database.rows(`CREATE SCHEMA bus; CREATE ROLE ${role}`);
  // #region tables
  const migration = postgresTables({ schema: 'bus' });
  const rights = postgresGrants({ schema: 'bus', role });
  // #endregion
  await database.rows(migration);
  await database.rows(rights);
  await database.rows(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
  const pool = database.pool();
  // #region checked
  const persistence = pgPersistence(pool, { schema: 'bus', tables: 'check' });
  // #endregion
  const sales = createEndpoint('sales', {
    transport: memoryTransport({ broker: new MemoryBroker() }),
    logger: silentLogger,
    persistence,
    outbox: true,
    routes,
    handlers: [placeOrder],
  });
  await sales.start();
  expect(sales.health().status).toBe('healthy');
  await sales.stop();
});
