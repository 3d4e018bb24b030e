import { join } from 'node:path';
import { silentLogger, systemClock } from '@busbar/core';
import { sqliteTransport } from '@busbar/sqlite';
import { eachId } from '../in-flight.ts';
import { order } from '../order.ts';
import type { Order } from '../order.ts';
import type { Scenario } from '../scenario.ts';
import { PlaceOrder } from '../subjects/order-messages.ts';
import { sqliteEndpoint } from '../subjects/sqlite-endpoint.ts';
import { SqliteTwin } from '../subjects/sqlite-twin.ts';

const atOnce = 64;

export const scenario: Scenario = {
  name: 'sqlite-send',
  title: `SQLite, full durability: send a command and wait for the confirm, ${atOnce} at once`,
  messages: 20_000,
  subjects: {
    async twin({ directory }) {
      const twin = new SqliteTwin(directory, atOnce);
      return {
        async run(ledger) {
          await eachId(ledger, atOnce, async (id) => {
            ledger.started(id);
            await twin.send('PlaceOrder', order(id));
            ledger.ended(id);
          });
        },
        arrived: async () => twin.stored().map(({ id }) => id),
        close: async () => twin.close(),
      };
    },
    async busbar({ directory }) {
      const sender = sqliteEndpoint(directory, atOnce, [], { sendOnly: true });
      await sender.start();
      const connection = await sqliteTransport({ file: join(directory, 'bench.db') }).connect({
        endpoint: 'looker',
        instance: 'looker',
        clock: systemClock,
        logger: silentLogger,
        onCritical: (error) => console.error(error),
      });
      await connection.queues.provision([{ name: 'bench' }]);
      return {
        async run(ledger) {
          await eachId(ledger, atOnce, async (id) => {
            ledger.started(id);
            await sender.send(new PlaceOrder(order(id)), { destination: 'bench' });
            ledger.ended(id);
          });
        },
        async arrived() {
          const stored = await connection.queues.peek('bench', Number.MAX_SAFE_INTEGER);
          return stored.map(({ body }) => (JSON.parse(Buffer.from(body).toString()) as Order).id);
        },
        async close() {
          await sender.stop();
          await connection.close();
        },
      };
    },
  },
};
