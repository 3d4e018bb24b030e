import { setTimeout as sleep } from 'node:timers/promises';
import type { Endpoint } from '@busbar/core';
import type { Gate } from '../gate.ts';
import { order } from '../order.ts';
import type { Workload } from '../scenario.ts';
import { PlaceOrder } from './order-messages.ts';

const placeOrder = (endpoint: Endpoint, id: number): Promise<void> =>
  endpoint.sendLocal(new PlaceOrder(order(id)));

/**
 * A workload of an endpoint that is over when the endpoint has counted all as handled: what a handler sends leaves, and what
 * it stores is committed, when the handler has ended.
 */
export function handledWorkload(
  gate: Gate,
  endpoint: Endpoint,
  close: () => Promise<void>,
  send: (id: number) => Promise<void> = (id) => placeOrder(endpoint, id),
): Workload {
  const workload = gate.workload(send, async () => {
    await endpoint.stop();
    await close();
  });
  return {
    ...workload,
    async run(ledger) {
      await workload.run(ledger);
      const all = ledger.first + ledger.size;
      while (endpoint.health().counts.handled < all) await sleep(1);
    },
  };
}
