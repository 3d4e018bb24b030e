import { type HandlerContext, type Persistence, createEndpoint, handler } from '@busbar/core';
import { type DrizzleTransaction, drizzlePersistence } from '@busbar/postgres/drizzle';
import { drizzle } from 'drizzle-orm/node-postgres';
import { pgTable, text } from 'drizzle-orm/pg-core';
import { expectTypeOf, test } from 'vitest';
import { postgresForTests } from '../../../../test/support/postgres/postgres-for-tests.ts';
import { OrderPlaced, PlaceOrder, openGuide, routes } from '../data-layers/open-guide.ts';

const postgres = await postgresForTests();
const orders = pgTable('orders', { id: text().primaryKey() });
const schema = { orders };

// #region handler
const placeOrder = handler(
  PlaceOrder,
  async (
    { orderId },
    context: HandlerContext<typeof routes, DrizzleTransaction<typeof schema>>,
  ) => {
    await context.storage.insert(orders).values({ id: orderId });
    await context.publish(new OrderPlaced({ orderId }));
  },
);
// #endregion

test('should do what the guide says', async (context) => {
  await using guide = await openGuide(postgres.orSkip(context));
  const { connectionString, others } = guide;
  // #region endpoint
  const db = drizzle(connectionString, { schema });
  const sales = createEndpoint('sales', {
    ...others,
    persistence: drizzlePersistence(db),
    outbox: true,
    handlers: [placeOrder],
  });
  // #endregion
  expectTypeOf(drizzlePersistence(db)).toEqualTypeOf<
    Persistence<DrizzleTransaction<typeof schema>>
  >();
  await guide.order(sales);
  await db.$client.end();
});
