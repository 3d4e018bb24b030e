import type { HandlerContext } from '@busbar/core';
import { handles } from '@busbar/core/decorators';
import { inject, injectable } from 'inversify';
import { OrderShipped, ShipOrder } from '../contracts.ts';
import { Carrier } from './carrier.ts';
import { Shipments } from './shipments.ts';

@injectable()
export class ShipOrderHandler {
  constructor(
    @inject(Carrier) private readonly carrier: Carrier,
    @inject(Shipments) private readonly shipments: Shipments,
  ) {}

  @handles(ShipOrder)
  async ship({ orderId, country, reminded }: ShipOrder, context: HandlerContext): Promise<void> {
    const parcel = await this.carrier.book(orderId, country);
    await this.shipments.addParcel(orderId, parcel, context.storage);
    const retries = context.attempt;
    await context.publish(new OrderShipped({ orderId, parcel, reminded, retries }));
  }
}
