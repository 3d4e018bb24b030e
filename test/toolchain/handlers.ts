import { Command, Event, type HandlerContext, defineRoutes } from '@busbar/core';
import { handles } from '@busbar/core/decorators';

export class PlaceOrder extends Command('Toolchain.PlaceOrder')<{ orderId: string }> {}
export class CancelOrder extends Command('Toolchain.CancelOrder')<{ orderId: string }> {}
export class OrderPlaced extends Event('Toolchain.OrderPlaced')<{ orderId: string }> {}
export class PriorityOrderPlaced extends Event('Toolchain.PriorityOrderPlaced', {
  extends: OrderPlaced,
})<{ level: number }> {}

export const routes = defineRoutes({ sales: [PlaceOrder] });

interface Transaction {
  insert(row: object): void;
}

/** Handlers of every shape that the decorator accepts. The same source compiles in each decorator mode. */
export class OrderHandler {
  readonly seen: string[] = [];

  @handles(PlaceOrder)
  async place(command: PlaceOrder, context: HandlerContext<typeof routes>): Promise<void> {
    this.seen.push(`place ${command.orderId}`);
    await context.publish(new OrderPlaced({ orderId: command.orderId }));
  }

  @handles(OrderPlaced)
  placed({ orderId }: OrderPlaced, { storage }: HandlerContext<typeof routes, Transaction>): void {
    storage.insert({ orderId });
  }

  @handles(CancelOrder)
  @handles(PlaceOrder)
  log(command: CancelOrder | PlaceOrder): void {
    this.seen.push(`log ${command.orderId}`);
  }

  @handles(PriorityOrderPlaced)
  base(event: OrderPlaced): void {
    this.seen.push(`base ${event.orderId}`);
  }

  notAHandler(): void {}
}

/** Adds a handler, overrides one without and one with the decorator. */
export class SpecialOrderHandler extends OrderHandler {
  override base(): void {
    this.seen.push('special base');
  }

  @handles(CancelOrder)
  override log(command: CancelOrder): void {
    this.seen.push(`special log ${command.orderId}`);
  }

  @handles(PriorityOrderPlaced)
  priority(event: PriorityOrderPlaced): void {
    this.seen.push(`priority ${event.level}`);
  }
}

/** What no decorator mode may compile; each line is a type test. The last one cannot run, either. */
export function refusedHandlers(): unknown {
  class Refused {
    // @ts-expect-error -- another message, whatever its shape
    @handles(PlaceOrder)
    other(_command: CancelOrder): void {}

    // @ts-expect-error -- the base may come, too
    @handles(OrderPlaced)
    derived(_event: PriorityOrderPlaced): void {}

    // @ts-expect-error -- the context is no string
    @handles(PlaceOrder)
    context(_command: PlaceOrder, _context: string): void {}

    // @ts-expect-error -- a third parameter is never passed
    @handles(PlaceOrder)
    third(_command: PlaceOrder, _context: HandlerContext, _more: string): void {}
  }
  class Static {
    @handles(PlaceOrder)
    static on(_command: PlaceOrder): void {}
  }
  return [Refused, Static];
}
