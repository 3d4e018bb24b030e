import { type HandlerContext, type Persistence, createEndpoint, handler } from '@busbar/core';
import { knexPersistence } from '@busbar/postgres/knex';
import knex, { type Knex } from 'knex';
import { expectTypeOf, test } from 'vitest';
import { postgresForTests } from '../../../../test/support/postgres/postgres-for-tests.ts';
import { OrderPlaced, PlaceOrder, openGuide, routes } from '../data-layers/open-guide.ts';

const postgres = await postgresForTests();

// #region handler
const placeOrder = handler(
  PlaceOrder,
  async ({ orderId }, context: HandlerContext<typeof routes, Knex.Transaction>) => {
    await context.storage('orders').insert({ id: orderId });
    await context.publish(new OrderPlaced({ orderId }));
  },
);
// #endregion

test('should do what the guide says', async (context) => {
  await using guide = await openGuide(postgres.orSkip(context));
  const { connectionString, others } = guide;
  // #region endpoint
  const db = knex({ client: 'pg', connection: connectionString });
  const sales = createEndpoint('sales', {
    ...others,
    persistence: knexPersistence(db),
    outbox: true,
    handlers: [placeOrder],
  });
  // #endregion
  expectTypeOf(knexPersistence(db)).toEqualTypeOf<Persistence<Knex.Transaction>>();
  await guide.order(sales);
  await db.destroy();
});
