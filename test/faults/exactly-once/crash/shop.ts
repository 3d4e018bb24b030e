import {
  type EndpointOptions,
  type HandlerContext,
  type SagaContext,
  type TransactionalSession,
  defineSaga,
  handler,
} from '@busbar/core';
import { type Contracts, endpointsOf } from './contracts.ts';
import type { Steps } from './steps.ts';
import type { Store } from './store.ts';

/** What the process that is killed does. */
export interface ShopParts {
  readonly run: string;
  readonly contracts: Contracts;
  readonly store: Store;
  readonly steps: Steps;
}

type Saga = SagaContext<{ order: number; due: boolean }>;
type Sends = Pick<TransactionalSession, 'send'>;

export function shopOf(parts: ShopParts): Pick<EndpointOptions, 'handlers' | 'sagas'> {
  const { contracts, steps } = parts;
  const place = handler(contracts.PlaceOrder, async ({ order }, context: HandlerContext) => {
    steps.reach('handler entered');
    await record(parts, context.storage, 'placed', order);
    await context.publish(new contracts.OrderPlaced({ order }));
    steps.reach('published');
    await sendOn(parts, context, order);
    steps.reach('handler returns');
  });
  return { handlers: [place], sagas: [shippingOf(parts)] };
}

/** To be sent directly, and by the lane of a key. */
export async function sendOn(
  { run, contracts, steps }: ShopParts,
  sender: Sends,
  order: number,
): Promise<void> {
  const destination = endpointsOf(run).partner;
  await sender.send(new contracts.BillOrder({ order }), { destination });
  steps.reach('sent');
  await sender.send(new contracts.PackOrder({ order }), { destination, partitionKey: 'customer' });
  steps.reach('sent with a key');
}

export async function record(
  { store, steps }: ShopParts,
  storage: unknown,
  effect: string,
  order: number,
): Promise<void> {
  await store.record(storage, effect, order);
  steps.reach(`wrote ${effect}`);
}

function shippingOf(parts: ShopParts) {
  const { run, contracts, steps } = parts;
  return defineSaga(`Crash.Shipping.${run}`, {
    correlation: 'order',
    initialState: () => ({ order: 0, due: false }),
  })
    .startedBy(
      contracts.StartShipment,
      ({ order }) => order,
      async ({ order }, saga: Saga) => {
        steps.reach('handler entered');
        await record(parts, saga.storage, 'started', order);
        await saga.requestTimeout(new contracts.ShipmentDue({ order }), { delay: 0 });
        steps.reach('timeout requested');
        await saga.publish(new contracts.ShipmentStarted({ order }));
        const destination = endpointsOf(run).partner;
        const packing = new contracts.PackOrder({ order });
        await saga.send(packing, { destination, partitionKey: 'customer' });
        steps.reach('handler returns');
      },
    )
    .onTimeout(contracts.ShipmentDue, async ({ order }, saga: Saga) => {
      steps.reach('handler entered');
      saga.state.due = true;
      await record(parts, saga.storage, 'due', order);
      await saga.publish(new contracts.ShipmentReminded({ order }));
      steps.reach('handler returns');
    })
    .continuedBy(
      contracts.ConfirmShipment,
      ({ order }) => order,
      async ({ order }, saga: Saga) => {
        steps.reach('handler entered');
        if (!saga.state.due) throw new Error(`Shipment ${order} is confirmed before it is due.`);
        await record(parts, saga.storage, 'confirmed', order);
        await saga.publish(new contracts.OrderShipped({ order }));
        saga.complete();
        steps.reach('handler returns');
      },
    );
}
