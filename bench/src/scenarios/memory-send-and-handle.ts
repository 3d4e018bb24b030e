import { handler } from '@busbar/core';
import { Ledger } from '../ledger.ts';
import type { Scenario } from '../scenario.ts';
import { InProcessTwin } from '../subjects/in-process-twin.ts';
import { MemoryEndpoint } from '../subjects/memory-endpoint.ts';
import { PlaceOrder } from '../subjects/order-messages.ts';

export const scenario: Scenario = {
  name: 'memory-send-and-handle',
  title: 'In memory: send a command and handle it',
  messages: 300_000,
  subjects: {
    async twin() {
      let ledger = new Ledger(0, 0);
      const twin = new InProcessTwin(async ({ id }) => ledger.ended(id));
      return {
        async run(next) {
          ledger = next;
          await twin.stream(next);
        },
        close: async () => {},
      };
    },
    async busbar() {
      let ledger = new Ledger(0, 0);
      const bus = new MemoryEndpoint([
        handler(PlaceOrder, async ({ id }) => {
          ledger.ended(id);
          bus.handled();
        }),
      ]);
      await bus.endpoint.start();
      return {
        async run(next) {
          ledger = next;
          await bus.stream(next);
        },
        close: () => bus.endpoint.stop(),
      };
    },
  },
};
