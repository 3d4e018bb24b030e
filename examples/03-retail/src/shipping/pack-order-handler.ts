import type { HandlerContext } from '@busbar/core';
import { handles } from '@busbar/core/decorators';
import { inject, injectable } from 'inversify';
import { OrderPacked, PackOrder } from '../contracts.ts';
import { Warehouse } from './warehouse.ts';

@injectable()
export class PackOrderHandler {
  constructor(@inject(Warehouse) private readonly warehouse: Warehouse) {}

  @handles(PackOrder)
  async pack({ orderId, lines }: PackOrder, context: HandlerContext): Promise<void> {
    if (await this.warehouse.pack(orderId, lines)) {
      await context.publish(new OrderPacked({ orderId }));
    }
  }
}
