import { handler } from '@busbar/core';
import { Gate } from '../gate.ts';
import { order } from '../order.ts';
import type { Scenario } from '../scenario.ts';
import { PlaceOrder } from '../subjects/order-messages.ts';
import { sqliteEndpoint } from '../subjects/sqlite-endpoint.ts';
import { SqliteTwin } from '../subjects/sqlite-twin.ts';

const atOnce = 64;

export const scenario: Scenario = {
  name: 'sqlite-consume',
  title: `SQLite, full durability: handle what lies in a queue, ${atOnce} at once`,
  messages: 20_000,
  subjects: {
    async twin({ directory }) {
      const gate = new Gate(atOnce);
      const twin = new SqliteTwin(directory, atOnce, async (_type, { id }) => {
        await gate.handle(id);
        return [];
      });
      return gate.workload(
        (id) => twin.send('PlaceOrder', order(id)),
        async () => twin.close(),
      );
    },
    async busbar({ directory }) {
      const gate = new Gate(atOnce);
      const endpoint = sqliteEndpoint(directory, atOnce, [
        handler(PlaceOrder, ({ id }) => gate.handle(id)),
      ]);
      await endpoint.start();
      return gate.workload(
        (id) => endpoint.sendLocal(new PlaceOrder(order(id))),
        () => endpoint.stop(),
      );
    },
  },
};
