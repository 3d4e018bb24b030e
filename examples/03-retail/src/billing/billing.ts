import { createEndpoint } from '@busbar/core';
import { inversify } from '@busbar/inversify';
import { Container } from 'inversify';
import { openDatabase } from '../database/open-database.ts';
import { ShopDatabase } from '../database/shop-database.ts';
import { presentHandlers, retailOptions } from '../retail-options.ts';
import { runService } from '../run-service.ts';
import { BillOrderHandler } from './bill-order-handler.ts';
import { Bills, billsTables } from './bills.ts';
import { CountBillsHandler } from './count-bills-handler.ts';
import { PaymentHandler } from './payment-handler.ts';
import { PaymentProvider } from './payment-provider.ts';

const database = await openDatabase('billing');
const container = new Container();
container.bind(ShopDatabase).toConstantValue(database);
container.bind(Bills).toSelf().inSingletonScope();
container.bind(PaymentProvider).toSelf().inSingletonScope();

const billing = createEndpoint('billing', {
  ...retailOptions(),
  persistence: database.persistence,
  outbox: true,
  container: inversify(container),
  handlers: presentHandlers(BillOrderHandler, PaymentHandler, CountBillsHandler),
});
await runService(billing, { database, tables: billsTables });
