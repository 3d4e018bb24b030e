import { createEndpoint } from '@busbar/core';
import { inversify } from '@busbar/inversify';
import { Container } from 'inversify';
import { presentHandlers, retailOptions } from '../retail-options.ts';
import { runService } from '../run-service.ts';
import { Carrier } from './carrier.ts';
import { ShipOrderHandler } from './ship-order-handler.ts';

const container = new Container();
container.bind(Carrier).toSelf().inSingletonScope();

const shipping = createEndpoint('shipping', {
  ...retailOptions(),
  container: inversify(container),
  handlers: presentHandlers(ShipOrderHandler),
});
await runService(shipping);
