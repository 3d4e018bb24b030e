import type { HandlerContext } from '@busbar/core';
import { handles } from '@busbar/core/decorators';
import { inject, injectable } from 'inversify';
import { OrderPlaced, PlaceOrder } from '../contracts.ts';
import { Catalogue } from './catalogue.ts';

@injectable()
export class PlaceOrderHandler {
  constructor(@inject(Catalogue) private readonly catalogue: Catalogue) {}

  @handles(PlaceOrder)
  async place(command: PlaceOrder, context: HandlerContext): Promise<void> {
    const { orderId, country, payment, lines, agreedTotal } = command;
    const total = this.catalogue.totalOf(lines);
    this.catalogue.checkCountry(country);
    await context.publish(
      new OrderPlaced({ orderId, country, payment, total: agreedTotal ?? total }),
    );
  }
}
