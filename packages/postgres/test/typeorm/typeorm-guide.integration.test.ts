import { type HandlerContext, type Persistence, createEndpoint, handler } from '@busbar/core';
import { typeormPersistence } from '@busbar/postgres/typeorm';
import { DataSource, type EntityManager, EntitySchema } from 'typeorm';
import { expectTypeOf, test } from 'vitest';
import { postgresForTests } from '../../../../test/support/postgres/postgres-for-tests.ts';
import { OrderPlaced, PlaceOrder, openGuide, routes } from '../data-layers/open-guide.ts';

const postgres = await postgresForTests();
const orders = new EntitySchema<{ id: string }>({
  name: 'orders',
  columns: { id: { type: 'text', primary: true } },
});

// #region handler
const placeOrder = handler(
  PlaceOrder,
  async ({ orderId }, context: HandlerContext<typeof routes, EntityManager>) => {
    await context.storage.getRepository(orders).insert({ id: orderId });
    await context.publish(new OrderPlaced({ orderId }));
  },
);
// #endregion

test('should do what the guide says', async (context) => {
  await using guide = await openGuide(postgres.orSkip(context));
  const { connectionString, others } = guide;
  // #region endpoint
  const dataSource = new DataSource({
    type: 'postgres',
    url: connectionString,
    entities: [orders],
  });
  await dataSource.initialize();
  const sales = createEndpoint('sales', {
    ...others,
    persistence: typeormPersistence(dataSource),
    outbox: true,
    handlers: [placeOrder],
  });
  // #endregion
  expectTypeOf(typeormPersistence(dataSource)).toEqualTypeOf<Persistence<EntityManager>>();
  await guide.order(sales);
  await dataSource.destroy();
});
