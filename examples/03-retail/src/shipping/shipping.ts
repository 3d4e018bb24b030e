import { createEndpoint } from '@busbar/core';
import { inversify } from '@busbar/inversify';
import { Container } from 'inversify';
import { openDatabase } from '../database/open-database.ts';
import { ShopDatabase } from '../database/shop-database.ts';
import { presentHandlers, retailOptions } from '../retail-options.ts';
import { runService } from '../run-service.ts';
import { Carrier } from './carrier.ts';
import { CountParcelsHandler } from './count-parcels-handler.ts';
import { PackOrderHandler } from './pack-order-handler.ts';
import { ShipOrderHandler } from './ship-order-handler.ts';
import { Shipments, shipmentsTables } from './shipments.ts';
import { ShippingSaga } from './shipping-saga.ts';
import { Warehouse } from './warehouse.ts';

const database = await openDatabase('shipping');
const container = new Container();
container.bind(ShopDatabase).toConstantValue(database);
container.bind(Shipments).toSelf().inSingletonScope();
container.bind(Carrier).toSelf().inSingletonScope();
container.bind(Warehouse).toSelf().inSingletonScope();

const shipping = createEndpoint('shipping', {
  ...retailOptions(),
  persistence: database.persistence,
  outbox: true,
  container: inversify(container),
  handlers: presentHandlers(PackOrderHandler, ShipOrderHandler, CountParcelsHandler),
  sagas: presentHandlers(ShippingSaga),
});
await runService(shipping, { database, tables: shipmentsTables });
