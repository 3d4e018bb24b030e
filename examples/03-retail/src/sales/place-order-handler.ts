import type { HandlerContext } from '@busbar/core';
import { handles } from '@busbar/core/decorators';
import { inject, injectable } from 'inversify';
import { OrderPlaced, PlaceOrder } from '../contracts.ts';
import { Catalogue } from './catalogue.ts';
import { Orders } from './orders.ts';

@injectable()
export class PlaceOrderHandler {
  constructor(
    @inject(Catalogue) private readonly catalogue: Catalogue,
    @inject(Orders) private readonly orders: Orders,
  ) {}

  @handles(PlaceOrder)
  async place(command: PlaceOrder, context: HandlerContext): Promise<void> {
    const { agreedTotal, customer, quote: _, web: __, ...order } = command;
    const total = this.catalogue.totalOf(order.lines);
    this.catalogue.checkCountry(order.country);
    if (await this.orders.has(order.orderId, context.storage)) return; // the customer sent it twice
    await this.orders.add(order.orderId, customer, total, context.storage);
    await context.publish(new OrderPlaced({ ...order, total: agreedTotal ?? total }));
  }
}
