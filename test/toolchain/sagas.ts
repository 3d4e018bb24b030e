import {
  Command,
  Event,
  Message,
  type HandlerContext,
  type SagaContext,
  finder,
} from '@busbar/core';
import {
  continuedBy,
  onNotFound,
  onReply,
  onTimeout,
  saga,
  startedBy,
} from '@busbar/core/decorators';

export class OrderBilled extends Event('Toolchain.OrderBilled')<{ orderId: string }> {}
export class OrderPacked extends Event('Toolchain.OrderPacked')<{ orderId: string }> {}
export class CancelOrder extends Command('Toolchain.CancelShipping')<{ payment: number }> {}
export class Quote extends Message('Toolchain.Quote')<{ price: number }> {}
export class Deadline extends Message('Toolchain.Deadline') {}

interface Transaction {
  insert(row: object): void;
}

interface ShippingState {
  orderId: string;
  billed: boolean;
  packed: boolean;
}

const options = {
  correlation: 'orderId',
  initialState: (): ShippingState => ({ orderId: '', billed: false, packed: false }),
} as const;

/** Methods of every shape that the decorators accept. The same source compiles in each decorator mode. */
@saga('Toolchain.Shipping', options)
export class ShippingSaga {
  readonly missed: string[] = [];

  @startedBy(OrderBilled, ({ orderId }) => orderId, { sends: [Quote], completes: true })
  async billed(event: OrderBilled, context: SagaContext<ShippingState>): Promise<void> {
    context.state.billed = event.orderId !== '';
    await context.requestTimeout(new Deadline(), { delay: '1h' });
  }

  @startedBy(OrderPacked, ({ orderId }, headers) => headers['order'] ?? orderId)
  packed(
    _event: OrderPacked,
    { state, storage }: SagaContext<ShippingState, never, Transaction>,
  ): void {
    storage.insert(state);
  }

  @continuedBy(CancelOrder, finder(({ payment }) => ({ correlation: payment })))
  cancel(_command: CancelOrder, context: SagaContext): void {
    context.complete();
  }

  @onReply(Quote)
  quoted({ price }: Quote): void {
    this.missed.push(String(price));
  }

  @onTimeout(Deadline)
  late(): void {}

  @onNotFound()
  missing(message: object, context: HandlerContext): void {
    this.missed.push(`${message.constructor.name} ${context.messageId}`);
  }

  /** No handler, though it has two parameters. */
  compare(left: string, right: string): boolean {
    return left === right;
  }
}

/** Overrides one method without and one with its decorator. */
@saga('Toolchain.SpecialShipping', options)
export class SpecialShippingSaga extends ShippingSaga {
  override late(): void {
    this.missed.push('late');
  }

  @onReply(Quote)
  override quoted(): void {}
}

/** What no decorator mode may compile; each line is a type test. The last one cannot run, either. */
export function refusedSagas(): unknown {
  class Refused {
    // @ts-expect-error -- another message, whatever its shape
    @startedBy(OrderBilled, ({ orderId }) => orderId)
    other(_event: OrderPacked): void {}

    // @ts-expect-error -- the context is no string
    @onTimeout(Deadline)
    context(_timeout: Deadline, _context: string): void {}

    // @ts-expect-error -- nothing correlates by a boolean
    @continuedBy(OrderBilled, ({ orderId }) => orderId === '')
    correlation(_event: OrderBilled): void {}

    // @ts-expect-error -- it gets whatever message finds no instance
    @onNotFound()
    missing(_message: OrderBilled): void {}

    // @ts-expect-error -- an event is no timeout
    @onTimeout(OrderBilled)
    event(_event: OrderBilled): void {}
  }

  // @ts-expect-error -- a method has another state than the saga
  @saga('Toolchain.Refused', { correlation: 'orderId', initialState: () => ({ orderId: '' }) })
  class Differs {
    @startedBy(OrderBilled, ({ orderId }) => orderId)
    billed(_event: OrderBilled, _context: SagaContext<ShippingState>): void {}
  }

  // @ts-expect-error -- nothing correlates by a boolean
  @saga('Toolchain.Boolean', { ...options, correlation: 'billed' })
  class Correlates {}

  class Static {
    @onTimeout(Deadline)
    static on(_timeout: Deadline): void {}
  }
  return [Refused, Differs, Correlates, Static];
}
