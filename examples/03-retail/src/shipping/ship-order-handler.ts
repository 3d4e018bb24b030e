import type { HandlerContext } from '@busbar/core';
import { handles } from '@busbar/core/decorators';
import { inject, injectable } from 'inversify';
import { OrderBilled, OrderShipped } from '../contracts.ts';
import { Carrier } from './carrier.ts';

@injectable()
export class ShipOrderHandler {
  constructor(@inject(Carrier) private readonly carrier: Carrier) {}

  @handles(OrderBilled)
  async ship({ orderId, country }: OrderBilled, context: HandlerContext): Promise<void> {
    const parcel = await this.carrier.book(orderId, country);
    await context.publish(new OrderShipped({ orderId, parcel, retries: context.attempt }));
  }
}
