import type { HandlerContext } from '@busbar/core';
import { handles } from '@busbar/core/decorators';
import { inject, injectable } from 'inversify';
import { BookEntries, CountParcels } from '../contracts.ts';
import { Shipments } from './shipments.ts';

@injectable()
export class CountParcelsHandler {
  constructor(@inject(Shipments) private readonly shipments: Shipments) {}

  @handles(CountParcels)
  async count({ orderIds }: CountParcels, context: HandlerContext): Promise<void> {
    const counts: number[] = [];
    for (const orderId of orderIds)
      counts.push(await this.shipments.count(orderId, context.storage));
    await context.reply(new BookEntries({ counts }));
  }
}
