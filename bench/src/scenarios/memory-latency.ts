import { handler } from '@busbar/core';
import { atLowRate } from '../at-low-rate.ts';
import { Ledger, sharedNow } from '../ledger.ts';
import { order } from '../order.ts';
import type { Scenario } from '../scenario.ts';
import { InProcessTwin } from '../subjects/in-process-twin.ts';
import { MemoryEndpoint } from '../subjects/memory-endpoint.ts';
import { PlaceOrder } from '../subjects/order-messages.ts';

const everyMs = 2;

export const scenario: Scenario = {
  name: 'memory-latency',
  title: `In memory: from send to handler, one command every ${everyMs} ms`,
  messages: 1_500,
  compares: 'latency',
  subjects: {
    async twin() {
      let ledger = new Ledger(0, 0);
      const twin = new InProcessTwin(async ({ id, sentAt }) => ledger.ended(id, sentAt));
      return {
        async run(next) {
          ledger = next;
          await atLowRate(next, everyMs, async (id) => {
            twin.send(order(id, sharedNow()));
            await twin.drain();
          });
        },
        close: async () => {},
      };
    },
    async busbar() {
      let ledger = new Ledger(0, 0);
      const { endpoint } = new MemoryEndpoint([
        handler(PlaceOrder, async ({ id, sentAt }) => ledger.ended(id, sentAt)),
      ]);
      await endpoint.start();
      return {
        async run(next) {
          ledger = next;
          await atLowRate(next, everyMs, (id) =>
            endpoint.sendLocal(new PlaceOrder(order(id, sharedNow()))),
          );
          await next.all;
        },
        close: () => endpoint.stop(),
      };
    },
  },
};
