import { type HandlerContext, type Persistence, createEndpoint, handler } from '@busbar/core';
import { kyselyPersistence } from '@busbar/postgres/kysely';
import { type Transaction, Kysely, PostgresDialect } from 'kysely';
import { Pool } from 'pg';
import { expect, expectTypeOf, test } from 'vitest';
import { postgresForTests } from '../../../../test/support/postgres/postgres-for-tests.ts';
import { OrderPlaced, PlaceOrder, openGuide, routes } from '../data-layers/open-guide.ts';

const postgres = await postgresForTests();
interface Database {
  orders: { id: string };
}

// #region handler
const placeOrder = handler(
  PlaceOrder,
  async ({ orderId }, context: HandlerContext<typeof routes, Transaction<Database>>) => {
    await context.storage.insertInto('orders').values({ id: orderId }).execute();
    await context.publish(new OrderPlaced({ orderId }));
  },
);
// #endregion

test('should do what the guide says', async (context) => {
  await using guide = await openGuide(postgres.orSkip(context));
  const { connectionString, others } = guide;
  // #region endpoint
  const pool = new Pool({ connectionString });
  pool.on('connect', (client) => client.on('error', () => {}));
  const db = new Kysely<Database>({ dialect: new PostgresDialect({ pool }) });
  const sales = createEndpoint('sales', {
    ...others,
    persistence: kyselyPersistence(db),
    outbox: true,
    handlers: [placeOrder],
  });
  // #endregion
  expectTypeOf(kyselyPersistence(db)).toEqualTypeOf<Persistence<Transaction<Database>>>();
  await guide.order(sales);
  await db.destroy();
});

test('should join a transaction as the guide says', async (context) => {
  await using guide = await openGuide(postgres.orSkip(context));
  const { connectionString, others } = guide;
  const dialect = new PostgresDialect({ pool: new Pool({ connectionString }) });
  const db = new Kysely<Database>({ dialect });
  const persistence = kyselyPersistence(db);
  const web = createEndpoint('web', { ...others, persistence, outbox: true, sendOnly: true });
  await web.start();
  const orderId = 'A-1';
  // #region within
  await db.transaction().execute(async (transaction) => {
    await transaction.insertInto('orders').values({ id: orderId }).execute();
    await web.session.within(transaction).publish(new OrderPlaced({ orderId }));
  });
  // #endregion
  expect(await guide.placed).toBe(orderId);
  expect(await guide.orders()).toEqual([{ id: orderId }]);
  await web.stop();
  await db.destroy();
});
