import type { SagaContext } from '@busbar/core';
import { continuedBy, onTimeout, saga, startedBy } from '@busbar/core/decorators';
import {
  OrderBilled,
  OrderCancelled,
  PackingDeadline,
  ShippingDelayed,
} from './shipping-messages.ts';

// #region class
interface ShippingState {
  orderId: string;
  billed: boolean;
}

@saga('Shipping.ByClass', {
  correlation: 'orderId',
  initialState: (): ShippingState => ({ orderId: '', billed: false }),
})
export class ShippingSaga {
  @startedBy(OrderBilled, (event) => event.orderId)
  async billed(_event: OrderBilled, context: SagaContext<ShippingState>): Promise<void> {
    context.state.billed = true;
    await context.requestTimeout(new PackingDeadline(), { delay: '2d' });
  }

  @continuedBy(OrderCancelled, (event) => event.orderId)
  cancelled(_event: OrderCancelled, context: SagaContext<ShippingState>): void {
    context.complete();
  }

  @onTimeout(PackingDeadline)
  async late(_timeout: PackingDeadline, context: SagaContext<ShippingState>): Promise<void> {
    await context.publish(new ShippingDelayed({ orderId: context.state.orderId }));
  }
}
// #endregion
