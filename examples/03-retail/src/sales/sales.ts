import { createEndpoint } from '@busbar/core';
import { inversify } from '@busbar/inversify';
import { Container } from 'inversify';
import { openDatabase } from '../database/open-database.ts';
import { ShopDatabase } from '../database/shop-database.ts';
import { presentHandlers, retailOptions } from '../retail-options.ts';
import { runService } from '../run-service.ts';
import { Catalogue } from './catalogue.ts';
import { GetQuoteHandler } from './get-quote-handler.ts';
import { Orders, ordersTables } from './orders.ts';
import { PlaceOrderHandler } from './place-order-handler.ts';

const database = await openDatabase('sales');
const container = new Container();
container.bind(ShopDatabase).toConstantValue(database);
container.bind(Orders).toSelf().inSingletonScope();
container.bind(Catalogue).toSelf().inSingletonScope();

const sales = createEndpoint('sales', {
  ...retailOptions(),
  persistence: database.persistence,
  outbox: true,
  container: inversify(container),
  handlers: presentHandlers(PlaceOrderHandler, GetQuoteHandler),
});
await runService(sales, { database, tables: ordersTables });
