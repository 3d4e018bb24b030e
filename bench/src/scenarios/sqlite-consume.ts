import { handler } from '@busbar/core';
import { eachId } from '../in-flight.ts';
import { Ledger } from '../ledger.ts';
import { order } from '../order.ts';
import type { Scenario, Workload } from '../scenario.ts';
import { PlaceOrder } from '../subjects/order-messages.ts';
import { sqliteEndpoint } from '../subjects/sqlite-endpoint.ts';
import { SqliteTwin } from '../subjects/sqlite-twin.ts';

const atOnce = 64;

/** Holds the first handlers until the queue is filled, so that nothing is handled before the clock runs. */
class Gate {
  ledger = new Ledger(0, 0);
  #opened = Promise.withResolvers<void>();

  async handle(id: number): Promise<void> {
    await this.#opened.promise;
    this.ledger.ended(id);
  }

  workload(send: (id: number) => Promise<void>, close: () => Promise<void>): Workload {
    return {
      prepare: async (ledger) => {
        this.ledger = ledger;
        this.#opened = Promise.withResolvers<void>();
        await eachId(ledger, atOnce, async (id) => {
          ledger.started(id);
          await send(id);
        });
      },
      run: async (ledger) => {
        this.#opened.resolve();
        await ledger.all;
      },
      close,
    };
  }
}

export const scenario: Scenario = {
  name: 'sqlite-consume',
  title: `SQLite, full durability: handle what lies in a queue, ${atOnce} at once`,
  messages: 20_000,
  subjects: {
    async twin({ directory }) {
      const gate = new Gate();
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
      const gate = new Gate();
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
