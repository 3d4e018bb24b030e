import type { HandlerContext } from '@busbar/core';
import { handles } from '@busbar/core/decorators';
import { inject, injectable } from 'inversify';
import { OrderBilled, OrderPlaced } from '../contracts.ts';
import { Bills } from './bills.ts';
import { PaymentProvider } from './payment-provider.ts';

@injectable()
export class BillOrderHandler {
  constructor(
    @inject(PaymentProvider) private readonly provider: PaymentProvider,
    @inject(Bills) private readonly bills: Bills,
  ) {}

  @handles(OrderPlaced)
  async bill(event: OrderPlaced, context: HandlerContext): Promise<void> {
    const { orderId, country, payment, total } = event;
    const { storage, attempt } = context;
    if (await this.bills.isCancelled(orderId, storage)) return;
    if ((await this.provider.charge(orderId, payment, total)) === 'invoiced') return;
    await this.bills.add(orderId, total, storage);
    await context.publish(new OrderBilled({ orderId, country, retries: attempt }));
  }
}
