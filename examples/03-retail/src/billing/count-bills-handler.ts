import type { HandlerContext } from '@busbar/core';
import { handles } from '@busbar/core/decorators';
import { inject, injectable } from 'inversify';
import { BookEntries, CountBills } from '../contracts.ts';
import { Bills } from './bills.ts';

@injectable()
export class CountBillsHandler {
  constructor(@inject(Bills) private readonly bills: Bills) {}

  @handles(CountBills)
  async count({ orderIds }: CountBills, context: HandlerContext): Promise<void> {
    const counts: number[] = [];
    for (const orderId of orderIds) counts.push(await this.bills.count(orderId, context.storage));
    await context.reply(new BookEntries({ counts }));
  }
}
