import {
  Command,
  type Endpoint,
  Event,
  MemoryBroker,
  createEndpoint,
  defineRoutes,
  handler,
  memoryTransport,
  silentLogger,
} from '@busbar/core';
import { expect } from 'vitest';
import type { PostgresServer } from '../../../../test/support/postgres/postgres-host.ts';
import { createDatabase } from '../../../../test/support/postgres/test-database.ts';

export class PlaceOrder extends Command('Sales.PlaceOrder')<{ orderId: string }> {}
export class OrderPlaced extends Event('Sales.OrderPlaced')<{ orderId: string }> {}

export const routes = defineRoutes({ sales: [PlaceOrder] });

/** What the pages of the guide say once, and not for each library; with a table of orders. */
export async function openGuide(server: PostgresServer) {
  const database = await createDatabase(server);
  await database.rows('CREATE TABLE orders (id text PRIMARY KEY)');
  const broker = new MemoryBroker();
  const { promise: placed, resolve } = Promise.withResolvers<string>();
  const billing = createEndpoint('billing', {
    transport: memoryTransport({ broker }),
    logger: silentLogger,
    handlers: [handler(OrderPlaced, ({ orderId }) => resolve(orderId))],
  });
  await billing.start();
  return {
    connectionString: database.url,
    others: { transport: memoryTransport({ broker }), logger: silentLogger, routes },
    placed,
    /** Has the endpoint do what the page says that it does. */
    order: async <Storage>(sales: Endpoint<typeof routes, Storage>) => {
      await sales.start();
      await sales.send(new PlaceOrder({ orderId: 'A-1' }));
      expect(await placed).toBe('A-1');
      await sales.stop();
      expect(await database.rows('SELECT * FROM orders')).toEqual([{ id: 'A-1' }]);
    },
    orders: () => database.rows('SELECT * FROM orders'),
    [Symbol.asyncDispose]: async () => {
      await billing.stop();
      await database[Symbol.asyncDispose]();
    },
  };
}
