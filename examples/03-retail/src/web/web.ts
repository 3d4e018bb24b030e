import { createEndpoint } from '@busbar/core';
import { inversify } from '@busbar/inversify';
import { Container } from 'inversify';
import { openDatabase } from '../database/open-database.ts';
import { ShopDatabase } from '../database/shop-database.ts';
import { presentHandlers, retailOptions } from '../retail-options.ts';
import { runService } from '../run-service.ts';
import { FrontDesk } from './front-desk.ts';
import { OrderProgressHandler } from './order-progress-handler.ts';
import { WebOrders, webTables } from './web-orders.ts';
import { createWebServer } from './web-server.ts';

const database = await openDatabase('web');
const container = new Container();
container.bind(ShopDatabase).toConstantValue(database);
container.bind(WebOrders).toSelf().inSingletonScope();

const web = createEndpoint('web', {
  ...retailOptions(),
  persistence: database.persistence,
  outbox: true,
  container: inversify(container),
  handlers: presentHandlers(OrderProgressHandler),
});
const orders = container.get(WebOrders);
const server = createWebServer(new FrontDesk(web, orders), orders);
const port = Number(process.env['BUSBAR_WEB_PORT'] ?? 0);

await runService(web, {
  database,
  tables: webTables,
  page: {
    open: () => server.listen({ host: '127.0.0.1', port }),
    close: () => server.close(),
  },
});
