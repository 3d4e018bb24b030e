import { handler } from '@busbar/core';
import { atLowRate } from '../at-low-rate.ts';
import { Ledger, sharedNow } from '../ledger.ts';
import { order } from '../order.ts';
import type { Scenario } from '../scenario.ts';
import { PlaceOrder } from '../subjects/order-messages.ts';
import { sqliteEndpoint } from '../subjects/sqlite-endpoint.ts';
import { SqliteTwin } from '../subjects/sqlite-twin.ts';

const everyMs = 5;
const atOnce = 16;

export const scenario: Scenario = {
  name: 'sqlite-latency-across',
  title: `SQLite, full durability, two processes: from send to handler, one command every ${everyMs} ms`,
  messages: 400,
  compares: 'latency',
  subjects: {
    async twin({ directory }) {
      let ledger = new Ledger(0, 0);
      const twin = new SqliteTwin(directory, atOnce, async (_type, { id, sentAt }) => {
        ledger.ended(id, sentAt);
        return [];
      });
      return {
        async run(next) {
          ledger = next;
          await next.all;
        },
        close: async () => twin.close(),
      };
    },
    async busbar({ directory }) {
      let ledger = new Ledger(0, 0);
      const receiver = sqliteEndpoint(directory, atOnce, [
        handler(PlaceOrder, async ({ id, sentAt }) => ledger.ended(id, sentAt)),
      ]);
      await receiver.start();
      return {
        async run(next) {
          ledger = next;
          await next.all;
        },
        close: () => receiver.stop(),
      };
    },
  },
  partners: {
    async twin({ directory }) {
      const twin = new SqliteTwin(directory, atOnce);
      return {
        run: (ids) =>
          atLowRate(ids, everyMs, (id) => twin.send('PlaceOrder', order(id, sharedNow()))),
        close: async () => twin.close(),
      };
    },
    async busbar({ directory }) {
      const sender = sqliteEndpoint(directory, atOnce, [], { sendOnly: true });
      await sender.start();
      return {
        run: (ids) =>
          atLowRate(ids, everyMs, (id) =>
            sender.send(new PlaceOrder(order(id, sharedNow())), { destination: 'bench' }),
          ),
        close: () => sender.stop(),
      };
    },
  },
};
