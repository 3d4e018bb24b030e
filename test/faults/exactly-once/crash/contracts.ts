import { Command, Event, Message } from '@busbar/core';

interface OfOrder {
  readonly order: number;
}

/** The message types of one scenario, named after it: a broker may be shared. */
export function contractsOf(run: string) {
  // What the process gets.
  class PlaceOrder extends Command(`Crash.PlaceOrder.${run}`)<OfOrder> {}
  class StartShipment extends Command(`Crash.StartShipment.${run}`)<OfOrder> {}
  class ConfirmShipment extends Command(`Crash.ConfirmShipment.${run}`)<OfOrder> {}
  class ShipmentDue extends Message(`Crash.ShipmentDue.${run}`)<OfOrder> {}
  // What it sends to its partner, who lives on.
  class OrderPlaced extends Event(`Crash.OrderPlaced.${run}`)<OfOrder> {}
  class BillOrder extends Command(`Crash.BillOrder.${run}`)<OfOrder> {}
  class PackOrder extends Command(`Crash.PackOrder.${run}`)<OfOrder> {}
  class ShipmentStarted extends Event(`Crash.ShipmentStarted.${run}`)<OfOrder> {}
  class ShipmentReminded extends Event(`Crash.ShipmentReminded.${run}`)<OfOrder> {}
  class OrderShipped extends Event(`Crash.OrderShipped.${run}`)<OfOrder> {}
  return {
    PlaceOrder,
    StartShipment,
    ConfirmShipment,
    ShipmentDue,
    OrderPlaced,
    BillOrder,
    PackOrder,
    ShipmentStarted,
    ShipmentReminded,
    OrderShipped,
  };
}

export type Contracts = ReturnType<typeof contractsOf>;

/** The endpoints of a scenario and their error queue. */
export function endpointsOf(run: string) {
  return { shop: `${run}-shop`, partner: `${run}-partner`, errors: `${run}-error` };
}

/** What can be done with an order. */
export type Deed = 'place' | 'ship' | 'session' | 'within';

/** What each deed does, once: in the process, and by what it sent in its partner. */
export const effectsOf = {
  place: ['placed', 'partner OrderPlaced', 'partner BillOrder', 'partner PackOrder'],
  ship: [
    'started',
    'due',
    'confirmed',
    'partner ShipmentStarted',
    'partner PackOrder',
    'partner ShipmentReminded',
    'partner OrderShipped',
  ],
  session: ['accepted', 'partner BillOrder', 'partner PackOrder'],
  within: ['accepted', 'partner BillOrder', 'partner PackOrder'],
} as const satisfies Record<Deed, readonly string[]>;
