import type { SagaContext } from '@busbar/core';
import { continuedBy, onNotFound, onTimeout, saga, startedBy } from '@busbar/core/decorators';
import { inject, injectable } from 'inversify';
import {
  CancelOrder,
  CancellationRefused,
  OrderBilled,
  OrderCancelled,
  OrderPacked,
  OrderPlaced,
  OrderRefused,
  OrderReminded,
  PackOrder,
  ShipOrder,
  type routes,
} from '../contracts.ts';
import { type Decision, Shipments } from './shipments.ts';
import { DeadlinePassed, ReminderDue } from './shipping-timeouts.ts';
import { type ShippingState, isNew, newShippingState } from './shipping-state.ts';

type Shipping = SagaContext<ShippingState, typeof routes>;

/**
 * Ships an order when it is billed and packed, whichever comes first. Reminds when that takes too long, and cancels the
 * order when it takes longer still. What comes after the end is recognised by the decision that is on record then, and
 * starts nothing.
 */
@saga('Shipping.Shipping', { correlation: 'orderId', initialState: newShippingState })
@injectable()
export class ShippingSaga {
  constructor(@inject(Shipments) private readonly shipments: Shipments) {}

  @startedBy(OrderPlaced, ({ orderId }) => orderId, {
    sends: [PackOrder],
    requestsTimeout: [ReminderDue],
  })
  async placed(event: OrderPlaced, context: Shipping): Promise<void> {
    if (await this.#isOver(context)) return;
    const { orderId, lines, country, payment, total, reminder = 30, deadline = 30 } = event;
    Object.assign(context.state, { placed: true, country, payment, total, deadline });
    await context.send(new PackOrder({ orderId, lines }));
    await context.requestTimeout(new ReminderDue(), { delay: reminder * 1000 });
  }

  @startedBy(OrderBilled, ({ orderId }) => orderId, { sends: [ShipOrder], completes: true })
  async billed(_event: OrderBilled, context: Shipping): Promise<void> {
    if (await this.#isOver(context)) return;
    context.state.billed = true;
    await this.#shipIfReady(context);
  }

  @continuedBy(OrderPacked, ({ orderId }) => orderId, { sends: [ShipOrder], completes: true })
  async packed(_event: OrderPacked, context: Shipping): Promise<void> {
    context.state.packed = true;
    await this.#shipIfReady(context);
  }

  @onTimeout(ReminderDue, { sends: [OrderReminded], requestsTimeout: [DeadlinePassed] })
  async remind(_timeout: ReminderDue, context: Shipping): Promise<void> {
    const { orderId, billed, country, payment, total, deadline } = context.state;
    context.state.reminded = true;
    const waitingFor = billed ? 'parcel' : 'payment';
    context.log.info({ orderId, waitingFor }, 'Reminded');
    await context.publish(new OrderReminded({ orderId, waitingFor, country, payment, total }));
    await context.requestTimeout(new DeadlinePassed(), { delay: deadline * 1000 });
  }

  @onTimeout(DeadlinePassed, { sends: [OrderCancelled], completes: true })
  async giveUp(_timeout: DeadlinePassed, context: Shipping): Promise<void> {
    await this.#cancel(context, context.state.billed ? 'not packed in time' : 'not paid in time');
  }

  @startedBy(CancelOrder, ({ orderId }) => orderId, {
    sends: [OrderCancelled, CancellationRefused],
    completes: true,
  })
  async cancelled({ orderId }: CancelOrder, context: Shipping): Promise<void> {
    const decision = await this.#isOver(context);
    if (decision === undefined) await this.#cancel(context, 'by the customer');
    else {
      const reason =
        decision === 'shipped' ? 'it is on its way' : `it has been ${decision} already`;
      await context.publish(new CancellationRefused({ orderId, reason }));
    }
  }

  @continuedBy(OrderRefused, ({ orderId }) => orderId, { completes: true })
  async refused(_event: OrderRefused, context: Shipping): Promise<void> {
    await this.#end(context, 'refused');
  }

  /** What comes too late changes nothing. */
  @onNotFound()
  ignore(): void {}

  /** The decision of an earlier instance: a message that comes after its end would start another one. */
  async #isOver(context: Shipping): Promise<Decision | undefined> {
    if (!isNew(context.state)) return undefined;
    const { orderId } = context.state;
    const decision = await this.shipments.decisionOn(orderId, context.storage);
    if (decision !== undefined) context.complete();
    return decision;
  }

  async #shipIfReady(context: Shipping): Promise<void> {
    const { orderId, country, billed, packed, reminded } = context.state;
    if (!billed || !packed) return;
    await context.send(new ShipOrder({ orderId, country, reminded }));
    await this.#end(context, 'shipped');
  }

  async #cancel(context: Shipping, reason: string): Promise<void> {
    const { orderId, reminded } = context.state;
    await context.publish(new OrderCancelled({ orderId, reason, reminded }));
    await this.#end(context, 'cancelled');
  }

  async #end(context: Shipping, decision: Decision): Promise<void> {
    await this.shipments.decide(context.state.orderId, decision, context.storage);
    context.complete();
  }
}
