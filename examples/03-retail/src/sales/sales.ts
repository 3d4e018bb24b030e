import { createEndpoint } from '@busbar/core';
import { inversify } from '@busbar/inversify';
import { Container } from 'inversify';
import { presentHandlers, retailOptions } from '../retail-options.ts';
import { runService } from '../run-service.ts';
import { Catalogue } from './catalogue.ts';
import { GetQuoteHandler } from './get-quote-handler.ts';
import { PlaceOrderHandler } from './place-order-handler.ts';

const container = new Container();
container.bind(Catalogue).toSelf().inSingletonScope();

const sales = createEndpoint('sales', {
  ...retailOptions(),
  container: inversify(container),
  handlers: presentHandlers(PlaceOrderHandler, GetQuoteHandler),
});
await runService(sales);
