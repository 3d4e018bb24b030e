import type { HandlerContext } from '@busbar/core';
import { handles } from '@busbar/core/decorators';
import { inject, injectable } from 'inversify';
import { OrderBilled, OrderCancelled, OrderReminded } from '../contracts.ts';
import { Bills } from './bills.ts';
import { PaymentProvider } from './payment-provider.ts';

/** What becomes of an order's money after it was billed, or was not. */
@injectable()
export class PaymentHandler {
  constructor(
    @inject(PaymentProvider) private readonly provider: PaymentProvider,
    @inject(Bills) private readonly bills: Bills,
  ) {}

  @handles(OrderReminded)
  async reminded(event: OrderReminded, context: HandlerContext): Promise<void> {
    const { orderId, country, payment, total } = event;
    if ((await this.bills.count(orderId, context.storage)) > 0) return;
    if (!(await this.provider.remind(orderId, payment))) return;
    await this.bills.add(orderId, total, context.storage);
    const retries = { immediate: 0, delayed: 0 };
    await context.publish(new OrderBilled({ orderId, country, retries }));
  }

  @handles(OrderCancelled)
  async cancelled({ orderId }: OrderCancelled, context: HandlerContext): Promise<void> {
    await this.bills.cancel(orderId, context.storage);
  }
}
