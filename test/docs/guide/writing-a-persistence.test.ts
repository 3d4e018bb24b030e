import { DatabaseSync } from 'node:sqlite';
import { persistenceConformance } from '@busbar/conformance';
import { Command, Event, type HandlerContext, handler } from '@busbar/core';
import { VirtualClock, createHarness } from '@busbar/testing';
import { expect, test } from 'vitest';
import {
  type Database,
  type Row,
  type Statement,
  Transaction,
  myPersistence,
  tables,
} from './my-persistence.ts';

const keepMs = 60_000;

function openDatabase(): { readonly database: Database; readonly close: () => void } {
  const sqlite = new DatabaseSync(':memory:');
  sqlite.exec(tables);
  sqlite.exec('CREATE TABLE data (key TEXT PRIMARY KEY, value TEXT)');
  const apply = (statements: readonly Statement[]): void => {
    for (const { sql, values, unchanged } of statements) {
      const { changes } = sqlite.prepare(sql).run(...values);
      if (changes === 0 && unchanged !== undefined) throw unchanged();
    }
  };
  const database: Database = {
    query: async (sql, values = []) => sqlite.prepare(sql).all(...values) as Row[],
    apply: async (statements) => {
      sqlite.exec('BEGIN');
      try {
        apply(statements);
        sqlite.exec('COMMIT');
      } catch (error) {
        sqlite.exec('ROLLBACK');
        throw error;
      }
    },
  };
  return { database, close: () => sqlite.close() };
}

// #region suite
persistenceConformance({
  name: 'mine',
  capabilities: { outbox: true, sagas: true },
  create: () => {
    const clock = new VirtualClock();
    const { database, close } = openDatabase();
    return {
      persistence: myPersistence(database, keepMs),
      clock,
      keepMs,
      advance: (ms) => clock.advance(ms),
      write: (storage, key, value) =>
        storage.write('INSERT OR REPLACE INTO data VALUES (?, ?)', key, value),
      append: (storage, key, text) =>
        storage.write(
          `INSERT INTO data VALUES (?, ?)
           ON CONFLICT DO UPDATE SET value = value || excluded.value`,
          key,
          text,
        ),
      read: async (key) => {
        const [row] = await database.query('SELECT value FROM data WHERE key = ?', [key]);
        return row === undefined ? undefined : String(row['value']);
      },
      begin: async () => {
        const own = new Transaction(database);
        return { storage: own, commit: () => database.apply(own.writes), rollback: () => {} };
      },
      close,
    };
  },
  skips: {
    'when-the-handler-ends-the-transaction': 'a handler cannot end what begins with the commit',
    'when-the-connections-break': 'the database is in this process',
  },
});
// #endregion

class PlaceOrder extends Command('Sales.PlaceOrder')<{ orderId: string }> {}
class OrderPlaced extends Event('Sales.OrderPlaced')<{ orderId: string }> {}

test('should store data, messages and the record together, and handle a message once', async () => {
  const { database, close } = openDatabase();
  await using harness = createHarness();
  const placeOrder = handler(
    PlaceOrder,
    async ({ orderId }, context: HandlerContext<never, Transaction>) => {
      context.storage.write('INSERT INTO data VALUES (?, ?)', orderId, 'placed');
      await context.publish(new OrderPlaced({ orderId }));
    },
  );
  const persistence = myPersistence(database, keepMs);
  const sales = harness.endpoint('sales', { handlers: [placeOrder], persistence, outbox: true });
  await harness.start();
  const order = new PlaceOrder({ orderId: 'A-1' });
  await sales.sendLocal(order, { messageId: 'one' });
  await harness.settled();
  await sales.sendLocal(order, { messageId: 'one' });
  await harness.settled();
  expect(harness.published(OrderPlaced)).toHaveLength(1);
  expect(await database.query('SELECT value FROM data')).toMatchObject([{ value: 'placed' }]);
  expect(sales.health().counts).toMatchObject({ handled: 1, deduplicated: 1, failed: 0 });
  await harness.stop();
  close();
});
