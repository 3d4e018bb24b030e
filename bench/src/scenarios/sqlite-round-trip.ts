import { handler } from '@busbar/core';
import { InFlight, eachId } from '../in-flight.ts';
import { Ledger } from '../ledger.ts';
import { order } from '../order.ts';
import type { Scenario, Workload } from '../scenario.ts';
import { OrderPlaced, PlaceOrder } from '../subjects/order-messages.ts';
import { sqliteEndpoint } from '../subjects/sqlite-endpoint.ts';
import { SqliteTwin } from '../subjects/sqlite-twin.ts';

const atOnce = 64;
const mostInFlight = 256;

/** Sends commands, never more than so many ahead of the events that were handled. */
class Stream {
  #ledger = new Ledger(0, 0);
  readonly #inFlight = new InFlight(mostInFlight);

  handled(id: number): void {
    this.#ledger.ended(id);
    this.#inFlight.leave();
  }

  workload(send: (id: number) => Promise<void>, close: () => Promise<void>): Workload {
    return {
      run: async (ledger) => {
        this.#ledger = ledger;
        await eachId(ledger, atOnce, async (id) => {
          const room = this.#inFlight.enter();
          if (room !== undefined) await room;
          ledger.started(id);
          await send(id);
        });
        await ledger.all;
      },
      close,
    };
  }
}

export const scenario: Scenario = {
  name: 'sqlite-round-trip',
  title: 'SQLite, full durability: send a command whose handler publishes an event, and handle it',
  messages: 10_000,
  subjects: {
    async twin({ directory }) {
      const stream = new Stream();
      const twin = new SqliteTwin(directory, atOnce, async (type, { id, sentAt }) => {
        if (type === 'PlaceOrder') return [{ type: 'OrderPlaced', message: order(id, sentAt) }];
        stream.handled(id);
        return [];
      });
      return stream.workload(
        (id) => twin.send('PlaceOrder', order(id)),
        async () => twin.close(),
      );
    },
    async busbar({ directory }) {
      const stream = new Stream();
      const endpoint = sqliteEndpoint(directory, atOnce, [
        handler(PlaceOrder, async ({ id, sentAt }, context) => {
          await context.publish(new OrderPlaced(order(id, sentAt)));
        }),
        handler(OrderPlaced, async ({ id }) => stream.handled(id)),
      ]);
      await endpoint.start();
      return stream.workload(
        (id) => endpoint.sendLocal(new PlaceOrder(order(id))),
        () => endpoint.stop(),
      );
    },
  },
};
