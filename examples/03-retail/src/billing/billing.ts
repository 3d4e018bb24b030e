import { createEndpoint } from '@busbar/core';
import { inversify } from '@busbar/inversify';
import { Container } from 'inversify';
import { presentHandlers, retailOptions } from '../retail-options.ts';
import { runService } from '../run-service.ts';
import { BillOrderHandler } from './bill-order-handler.ts';
import { PaymentProvider } from './payment-provider.ts';

const container = new Container();
container.bind(PaymentProvider).toSelf().inSingletonScope();

const billing = createEndpoint('billing', {
  ...retailOptions(),
  container: inversify(container),
  handlers: presentHandlers(BillOrderHandler),
});
await runService(billing);
