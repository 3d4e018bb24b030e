import {
  type AnyRoutes,
  type EndpointOptions,
  type HandlerContext,
  type SagaContext,
  defineSaga,
  handler,
} from '@busbar/core';
import type { PoolClient } from 'pg';
import { type Contracts, type ServiceName, endpointsOf } from './contracts.ts';
import type { Effect } from './effects.ts';

type Context = HandlerContext<AnyRoutes, PoolClient>;
type Parts = Pick<EndpointOptions, 'handlers' | 'sagas'>;

/** Orders with equal keys are packed in their order. */
const keys = 20;
const dueAfter = '1s';

/** What the services do. Each handler has one effect, and sends on what the next ones wait for. */
export function servicesOf(
  run: string,
  contracts: Contracts,
): Readonly<Record<ServiceName, Parts>> {
  const { PlaceOrder, BillOrder, PackOrder, OrderPlaced, OrderBilled, OrderShipped } = contracts;
  const endpoints = endpointsOf(run);
  return {
    sales: {
      handlers: [
        handler(PlaceOrder, async ({ order }, context: Context) => {
          await record(context, 'placed', order);
          await context.publish(new OrderPlaced({ order }));
          await context.send(new BillOrder({ order }), { destination: endpoints.billing });
          await context.send(new PackOrder({ order }), {
            destination: endpoints.shipping,
            partitionKey: `customer-${order % keys}`,
          });
        }),
        handler(OrderShipped, ({ order }, context: Context) => record(context, 'closed', order)),
      ],
    },
    billing: {
      handlers: [
        handler(BillOrder, async ({ order }, context: Context) => {
          await record(context, 'billed', order);
          await context.publish(new OrderBilled({ order }));
        }),
      ],
    },
    shipping: {
      handlers: [
        handler(PackOrder, ({ order }, context: Context) => record(context, 'packed', order)),
      ],
      sagas: [shippingOf(run, contracts)],
    },
  };
}

const initialState = { order: 0, placed: false, billed: false, due: false };
type State = typeof initialState;
type Saga = SagaContext<State, AnyRoutes, PoolClient>;

/** Begins with whichever comes first, ships when both have come, and ends when that is done and the time is over. */
function shippingOf(run: string, contracts: Contracts) {
  const { OrderPlaced, OrderBilled, OrderShipped, ShipmentDue } = contracts;
  const advance = async (saga: Saga, order: number): Promise<void> => {
    const { placed, billed } = saga.state;
    if (placed !== billed)
      await saga.requestTimeout(new ShipmentDue({ order }), { delay: dueAfter });
    if (!placed || !billed) return;
    await record(saga, 'shipped', order);
    await saga.publish(new OrderShipped({ order }));
    if (saga.state.due) saga.complete();
  };
  return defineSaga(`Shop.Shipping.${run}`, {
    correlation: 'order',
    initialState: () => ({ ...initialState }),
  })
    .startedBy(
      OrderPlaced,
      ({ order }) => order,
      async ({ order }, saga: Saga) => {
        await record(saga, 'saw placed', order);
        saga.state.placed = true;
        await advance(saga, order);
      },
    )
    .startedBy(
      OrderBilled,
      ({ order }) => order,
      async ({ order }, saga: Saga) => {
        await record(saga, 'saw billed', order);
        saga.state.billed = true;
        await advance(saga, order);
      },
    )
    .onTimeout(ShipmentDue, async ({ order }, saga: Saga) => {
      await record(saga, 'due', order);
      saga.state.due = true;
      if (saga.state.placed && saga.state.billed) saga.complete();
    });
}

async function record(
  { storage, messageId }: Pick<Context, 'storage' | 'messageId'>,
  effect: Effect,
  order: number,
): Promise<void> {
  await storage.query({
    name: 'effect',
    text: 'INSERT INTO effects VALUES ($1, $2, $3)',
    values: [effect, order, messageId],
  });
}
