import { handles } from '@busbar/core/decorators';
import { inject, injectable } from 'inversify';
import {
  OrderBilled,
  OrderCancelled,
  OrderPlaced,
  OrderShipped,
  ReportForDuty,
} from '../contracts.ts';
import { OrderBook } from './order-book.ts';
import { RollCall } from './roll-call.ts';

/** Whatever the services report. */
@injectable()
export class ReportsHandler {
  constructor(
    @inject(OrderBook) private readonly book: OrderBook,
    @inject(RollCall) private readonly rollCall: RollCall,
  ) {}

  @handles(ReportForDuty)
  onDuty({ service, pid, address }: ReportForDuty): void {
    this.rollCall.report(service, pid, address);
  }

  @handles(OrderPlaced)
  placed(event: OrderPlaced): void {
    this.book.placed(event);
  }

  @handles(OrderBilled)
  billed(event: OrderBilled): void {
    this.book.billed(event);
  }

  @handles(OrderShipped)
  shipped(event: OrderShipped): void {
    this.book.shipped(event);
  }

  @handles(OrderCancelled)
  cancelled(event: OrderCancelled): void {
    this.book.cancelled(event);
  }
}
