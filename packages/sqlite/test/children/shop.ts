import { setImmediate as turn } from 'node:timers/promises';
import { type HandlerContext, createEndpoint, handler, silentLogger } from '@busbar/core';
import { type SqliteStorage, sqlitePersistence, sqliteTransport } from '@busbar/sqlite';
import { BookOrder, PlaceOrder } from '../support/order.ts';
import { leave, report, told } from '../support/parent.ts';

// Books each order in the data, and sends one message for it. Data and messages are in one file, or in two.
const [messages = '', data = ''] = process.argv.slice(2);
const placeOrder = handler(
  PlaceOrder,
  async ({ order, key }, context: HandlerContext<never, SqliteStorage>) => {
    context.storage.run('INSERT INTO effects (name) VALUES (?)', order);
    await turn();
    context.storage.write((database) => database.run('UPDATE counter SET value = value + 1'));
    await context.send(new BookOrder({ order }), {
      destination: 'ledger',
      ...(key !== undefined && { partitionKey: key }),
    });
    void report('handled');
  },
);
const shop = createEndpoint('shop', {
  transport: sqliteTransport({ file: messages, leaseMs: 2_000 }),
  persistence: sqlitePersistence({ file: data }),
  outbox: { relayAfter: 300, relayEvery: 50 },
  handlers: [placeOrder],
  logger: silentLogger,
  recoverability: { immediate: 20 },
});
await shop.start();
await report('started');
await told('stop');
await shop.stop();
leave();
