import type { HandlerContext } from '@busbar/core';
import { handles } from '@busbar/core/decorators';
import { inject, injectable } from 'inversify';
import {
  CancellationRefused,
  OrderBilled,
  OrderCancelled,
  OrderPacked,
  OrderPlaced,
  OrderRefused,
  OrderReminded,
  OrderShipped,
} from '../contracts.ts';
import { WebOrders } from './web-orders.ts';

/** Notes what becomes of the orders that were accepted here. */
@injectable()
export class OrderProgressHandler {
  constructor(@inject(WebOrders) private readonly orders: WebOrders) {}

  @handles(OrderPlaced)
  async placed({ orderId }: OrderPlaced, { storage }: HandlerContext): Promise<void> {
    await this.orders.note(orderId, 'placed', '', storage);
  }

  @handles(OrderBilled)
  async billed({ orderId }: OrderBilled, { storage }: HandlerContext): Promise<void> {
    await this.orders.note(orderId, 'billed', '', storage);
  }

  @handles(OrderPacked)
  async packed({ orderId }: OrderPacked, { storage }: HandlerContext): Promise<void> {
    await this.orders.note(orderId, 'packed', '', storage);
  }

  @handles(OrderReminded)
  async reminded(event: OrderReminded, { storage }: HandlerContext): Promise<void> {
    await this.orders.note(event.orderId, 'reminded', `of the ${event.waitingFor}`, storage);
  }

  @handles(OrderShipped)
  async shipped({ orderId, parcel }: OrderShipped, { storage }: HandlerContext): Promise<void> {
    await this.orders.note(orderId, 'shipped', `parcel ${parcel}`, storage);
  }

  @handles(OrderCancelled)
  async cancelled({ orderId, reason }: OrderCancelled, { storage }: HandlerContext): Promise<void> {
    await this.orders.note(orderId, 'cancelled', reason, storage);
  }

  @handles(CancellationRefused)
  async tooLate(event: CancellationRefused, { storage }: HandlerContext): Promise<void> {
    await this.orders.note(event.orderId, 'tooLate', event.reason, storage);
  }

  @handles(OrderRefused)
  async rejected({ orderId, reason }: OrderRefused, { storage }: HandlerContext): Promise<void> {
    await this.orders.note(orderId, 'rejected', reason, storage);
  }
}
