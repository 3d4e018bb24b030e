import { type HandlerContext, type Persistence, createEndpoint, handler } from '@busbar/core';
import { prismaPersistence } from '@busbar/postgres/prisma';
import { PrismaPg } from '@prisma/adapter-pg';
import { expectTypeOf, test } from 'vitest';
import { postgresForTests } from '../../../../test/support/postgres/postgres-for-tests.ts';
import { OrderPlaced, PlaceOrder, openGuide, routes } from '../data-layers/open-guide.ts';
import { type GeneratedTransaction, loadClient } from './generate-client.ts';

const postgres = await postgresForTests();
const { PrismaClient } = await loadClient();

declare namespace Prisma {
  export type TransactionClient = GeneratedTransaction;
}

// #region handler
const placeOrder = handler(
  PlaceOrder,
  async ({ orderId }, context: HandlerContext<typeof routes, Prisma.TransactionClient>) => {
    await context.storage.order.create({ data: { id: orderId } });
    await context.publish(new OrderPlaced({ orderId }));
  },
);
// #endregion

test('should do what the guide says', async (context) => {
  await using guide = await openGuide(postgres.orSkip(context));
  const { connectionString, others } = guide;
  // #region endpoint
  const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString }) });
  const sales = createEndpoint('sales', {
    ...others,
    persistence: prismaPersistence(prisma),
    outbox: true,
    handlers: [placeOrder],
  });
  // #endregion
  expectTypeOf(prismaPersistence(prisma)).toEqualTypeOf<Persistence<Prisma.TransactionClient>>();
  await guide.order(sales);
  await prisma.$disconnect();
});
