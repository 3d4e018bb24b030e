import type { HandlerContext } from '@busbar/core';
import { handles } from '@busbar/core/decorators';
import { inject, injectable } from 'inversify';
import { OrderBilled, OrderPlaced } from '../contracts.ts';
import { PaymentProvider } from './payment-provider.ts';

@injectable()
export class BillOrderHandler {
  constructor(@inject(PaymentProvider) private readonly provider: PaymentProvider) {}

  @handles(OrderPlaced)
  async bill(event: OrderPlaced, context: HandlerContext): Promise<void> {
    const { orderId, country, payment, total } = event;
    await this.provider.charge(orderId, payment, total);
    await context.publish(new OrderBilled({ orderId, country, retries: context.attempt }));
  }
}
