import { handler } from '@busbar/core';
import { Ledger } from '../ledger.ts';
import { order } from '../order.ts';
import type { Scenario } from '../scenario.ts';
import { InProcessTwin } from '../subjects/in-process-twin.ts';
import { MemoryEndpoint } from '../subjects/memory-endpoint.ts';
import { OrderPlaced, PlaceOrder } from '../subjects/order-messages.ts';

export const scenario: Scenario = {
  name: 'memory-round-trip',
  title: 'In memory: a command whose handler publishes an event, which is handled too',
  messages: 150_000,
  subjects: {
    async twin() {
      let ledger = new Ledger(0, 0);
      const events = new InProcessTwin(async ({ id }) => ledger.ended(id));
      const commands = new InProcessTwin(async (command) => {
        events.send(order(command.id, command.sentAt));
        await events.drain();
      });
      return {
        async run(next) {
          ledger = next;
          await commands.stream(next);
        },
        close: async () => {},
      };
    },
    async busbar() {
      let ledger = new Ledger(0, 0);
      const bus = new MemoryEndpoint([
        handler(PlaceOrder, async ({ id, sentAt }, context) => {
          await context.publish(new OrderPlaced(order(id, sentAt)));
        }),
        handler(OrderPlaced, async ({ id }) => {
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
