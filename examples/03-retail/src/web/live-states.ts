import { setTimeout } from 'node:timers/promises';
import { type StateChange, isOver, statesOf } from './order-state.ts';
import type { WebOrders } from './web-orders.ts';

/** The handlers may run in another instance of this service, so what they noted is looked for in the database. */
const lookEveryMs = 100;

/** The states of an order from the first one on, each as soon as it is known, until nothing more will come. */
export async function* liveStates(
  orderId: string,
  orders: WebOrders,
  signal: AbortSignal,
): AsyncGenerator<StateChange> {
  const told = new Set<string>();
  while (!signal.aborted) {
    const facts = await orders.factsOf(orderId);
    for (const change of statesOf(facts)) {
      if (told.has(change.state)) continue;
      told.add(change.state);
      yield change;
    }
    if (isOver(facts)) return;
    await setTimeout(lookEveryMs, undefined, { signal }).catch(() => undefined);
  }
}
