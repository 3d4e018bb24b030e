import { Command, Event, Message } from '@busbar/core';

interface OfOrder {
  readonly order: number;
}

/** The message types of one shop, named after its run: a broker may be shared. */
export function contractsOf(run: string) {
  class PlaceOrder extends Command(`Shop.PlaceOrder.${run}`)<OfOrder> {}
  class BillOrder extends Command(`Shop.BillOrder.${run}`)<OfOrder> {}
  /** Sent with a partition key, so that it leaves by the lane of that key. */
  class PackOrder extends Command(`Shop.PackOrder.${run}`)<OfOrder> {}
  class OrderPlaced extends Event(`Shop.OrderPlaced.${run}`)<OfOrder> {}
  class OrderBilled extends Event(`Shop.OrderBilled.${run}`)<OfOrder> {}
  class OrderShipped extends Event(`Shop.OrderShipped.${run}`)<OfOrder> {}
  /** A timeout of the shipping saga. */
  class ShipmentDue extends Message(`Shop.ShipmentDue.${run}`)<OfOrder> {}
  return { PlaceOrder, BillOrder, PackOrder, OrderPlaced, OrderBilled, OrderShipped, ShipmentDue };
}

export type Contracts = ReturnType<typeof contractsOf>;

export const serviceNames = ['sales', 'billing', 'shipping'] as const;
export type ServiceName = (typeof serviceNames)[number];

/** The endpoints of a shop and their error queue. */
export function endpointsOf(
  run: string,
): Readonly<Record<ServiceName | 'front' | 'errors', string>> {
  return {
    front: `${run}-front`,
    sales: `${run}-sales`,
    billing: `${run}-billing`,
    shipping: `${run}-shipping`,
    errors: `${run}-error`,
  };
}
