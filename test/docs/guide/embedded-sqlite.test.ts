import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import {
  Command,
  type EndpointOptions,
  Event,
  type HandlerContext,
  handler,
  systemClock,
} from '@busbar/core';
import {
  type SqliteStorage,
  sqlitePersistence,
  sqliteStorageOf,
  sqliteTransport,
} from '@busbar/sqlite';
import { createHarness } from '@busbar/testing';
import { afterAll, expect, test } from 'vitest';

class PlaceOrder extends Command('Sales.PlaceOrder')<{ orderId: string; quantity: number }> {}
class OrderPlaced extends Event('Sales.OrderPlaced')<{ orderId: string }> {}

const folder = mkdtempSync(join(tmpdir(), 'busbar-guide-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, 'shop.db');

// #region options
const options = {
  transport: sqliteTransport({ file }),
  persistence: sqlitePersistence({ file }),
  outbox: true,
} satisfies Partial<EndpointOptions>;
// #endregion

// #region handler
const placeOrder = handler(
  PlaceOrder,
  async ({ orderId, quantity }, context: HandlerContext<never, SqliteStorage>) => {
    const item = context.storage.get('SELECT price FROM items WHERE name = ?', 'book');
    const total = Number(item?.['price']) * quantity;
    context.storage.run('INSERT INTO orders (id, total) VALUES (?, ?)', orderId, total);
    await context.publish(new OrderPlaced({ orderId }));
  },
);
// #endregion

function takeFromStock(storage: SqliteStorage, quantity: number): void {
  // #region write
  storage.write((database) => {
    const { changes } = database.run(
      'UPDATE items SET stock = stock - :quantity WHERE name = :name AND stock >= :quantity',
      { name: 'book', quantity },
    );
    if (changes === 0) throw new Error('There are not enough books.');
  });
  // #endregion
}

test('should change data and send as one', async () => {
  const database = new DatabaseSync(file);
  database.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA busy_timeout = 5000;
    CREATE TABLE items (name TEXT, price INTEGER, stock INTEGER);
    CREATE TABLE orders (id TEXT PRIMARY KEY, total INTEGER);
    INSERT INTO items VALUES ('book', 10, 3);
  `);
  await using harness = createHarness({ transport: options.transport, clock: systemClock });
  const { persistence, outbox } = options;
  const shop = harness.endpoint('shop', { persistence, outbox, handlers: [placeOrder] });
  await harness.start();
  await shop.sendLocal(new PlaceOrder({ orderId: 'A-1', quantity: 2 }));
  await harness.settled();

  const take = (quantity: number) =>
    shop.transaction(async (storage, session) => {
      takeFromStock(storage, quantity);
      await session.publish(new OrderPlaced({ orderId: `taken ${quantity}` }));
    });
  await take(2);
  await expect(take(2)).rejects.toThrow('There are not enough books.');

  // #region within
  database.exec('BEGIN IMMEDIATE');
  database.prepare('INSERT INTO orders (id, total) VALUES (?, ?)').run('A-2', 5);
  await shop.session.within(sqliteStorageOf(database)).publish(new OrderPlaced({ orderId: 'A-2' }));
  database.exec('COMMIT');
  // #endregion

  // By the relay, some milliseconds after the commit.
  await expect.poll(() => harness.published(OrderPlaced).length).toBe(3);
  const rows = database.prepare('SELECT id, total FROM orders ORDER BY id').all();
  expect(rows.map(({ id, total }) => [id, total])).toEqual([
    ['A-1', 20],
    ['A-2', 5],
  ]);
  expect(database.prepare('SELECT stock FROM items').get()).toEqual({ stock: 1 });
  expect(harness.published(OrderPlaced).map(({ orderId }) => orderId)).toEqual([
    'A-1',
    'taken 2',
    'A-2',
  ]);
  database.close();
});
