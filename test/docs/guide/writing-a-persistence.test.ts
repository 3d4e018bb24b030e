import { DatabaseSync } from 'node:sqlite';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  BusbarError,
  Command,
  Event,
  HeldDelivery,
  type IncomingMessage,
  type OpenedMessage,
  type Persistence,
  type PersistenceConnection,
  type PersistenceHost,
  type StoredOperation,
  handler,
  type HandlerContext,
  silentLogger,
  systemClock,
} from '@busbar/core';
import { createHarness } from '@busbar/testing';
import { expect, onTestFinished, test } from 'vitest';

interface QueryResult {
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  readonly changed: number;
}
interface Transaction {
  query(sql: string, values?: readonly string[]): Promise<QueryResult>;
  commit(): Promise<void>;
  rollback(): Promise<void>;
}
interface Database {
  query(sql: string, values?: readonly string[]): Promise<QueryResult>;
  begin(): Promise<Transaction>;
  close(): Promise<void>;
}

// #region whole
export function myPersistence(database: Database): Persistence<Transaction> {
  return {
    name: 'mine',
    capabilities: { outbox: true },
    connect: async (host) => new MyConnection(database, host),
  };
}

class MyConnection implements PersistenceConnection<Transaction> {
  readonly #database: Database;
  readonly #endpoint: string;

  constructor(database: Database, { endpoint }: PersistenceHost) {
    this.#database = database;
    this.#endpoint = endpoint;
  }

  async open({ messageId, outbox }: IncomingMessage): Promise<OpenedMessage<Transaction>> {
    const key = [this.#endpoint, messageId];
    if (outbox) {
      const { rows } = await this.#database.query(
        'SELECT operations, dispatched FROM outbox WHERE endpoint = $1 AND id = $2',
        key,
      );
      const [record] = rows;
      if (record !== undefined) return known(record);
    }
    const transaction = await this.#database.begin();
    return {
      state: 'new',
      session: {
        storage: transaction,
        async commit(operations) {
          if (outbox) await storeRecord(transaction, key, operations);
          await transaction.commit();
        },
        rollback: () => transaction.rollback(),
      },
    };
  }

  async markDispatched(messageId: string): Promise<void> {
    await this.#database.query(
      "UPDATE outbox SET dispatched = true, operations = '[]' WHERE endpoint = $1 AND id = $2",
      [this.#endpoint, messageId],
    );
  }

  close(): Promise<void> {
    return this.#database.close();
  }
}

function known(record: Readonly<Record<string, unknown>>): OpenedMessage<Transaction> {
  if (record['dispatched'] === true) return { state: 'dispatched' };
  const operations = JSON.parse(String(record['operations'])) as StoredOperation[];
  return { state: 'stored', operations };
}

async function storeRecord(
  transaction: Transaction,
  key: readonly string[],
  operations: readonly StoredOperation[],
): Promise<void> {
  const { changed } = await transaction.query(
    'INSERT INTO outbox VALUES ($1, $2, $3, false) ON CONFLICT DO NOTHING',
    [...key, JSON.stringify(operations)],
  );
  if (changed === 1) return;
  await transaction.rollback();
  throw new BusbarError('OUTBOX_CONFLICT', `Message ${key[1]} was committed by another attempt.`);
}
// #endregion

/** A database with as many connections as there are transactions. */
function openDatabase(): Database {
  const folder = mkdtempSync(join(tmpdir(), 'busbar-persistence-'));
  const file = join(folder, 'data.db');
  const main = new DatabaseSync(file);
  onTestFinished(() => rmSync(folder, { recursive: true }));
  main.exec('PRAGMA journal_mode = WAL');
  main.exec(`
    CREATE TABLE orders (id TEXT PRIMARY KEY);
    CREATE TABLE outbox (endpoint TEXT, id TEXT, operations TEXT, dispatched INTEGER,
      PRIMARY KEY (endpoint, id))`);
  return {
    query: async (sql, values) => run(main, sql, values),
    begin: async () => begin(new DatabaseSync(file)),
    close: async () => main.close(),
  };
}

function begin(connection: DatabaseSync): Transaction {
  connection.exec('BEGIN');
  const end = (how: string): void => {
    connection.exec(how);
    connection.close();
  };
  return {
    query: async (sql, values) => run(connection, sql, values),
    commit: async () => end('COMMIT'),
    rollback: async () => end('ROLLBACK'),
  };
}

function run(connection: DatabaseSync, sql: string, values: readonly string[] = []): QueryResult {
  const statement = connection.prepare(sql.replaceAll(/\$\d/g, '?'));
  if (!sql.startsWith('SELECT')) {
    return { rows: [], changed: Number(statement.run(...values).changes) };
  }
  const rows = statement.all(...values) as Record<string, unknown>[];
  return { rows: rows.map((row) => ({ ...row, dispatched: row['dispatched'] === 1 })), changed: 0 };
}

class PlaceOrder extends Command('Sales.PlaceOrder')<{ orderId: string }> {}
class OrderPlaced extends Event('Sales.OrderPlaced')<{ orderId: string }> {}

test('should store data, messages and the record together, and handle a message once', async () => {
  const database = openDatabase();
  await using harness = createHarness();
  const placeOrder = handler(
    PlaceOrder,
    async ({ orderId }, context: HandlerContext<never, Transaction>) => {
      await context.storage.query('INSERT INTO orders VALUES ($1)', [orderId]);
      await context.publish(new OrderPlaced({ orderId }));
    },
  );
  const persistence = myPersistence({ ...database, close: async () => {} });
  const sales = harness.endpoint('sales', { handlers: [placeOrder], persistence, outbox: true });
  await harness.start();
  const order = new PlaceOrder({ orderId: 'A-1' });
  await sales.sendLocal(order, { messageId: 'one' });
  await harness.settled();
  await sales.sendLocal(order, { messageId: 'one' });
  await harness.settled();
  expect(harness.published(OrderPlaced)).toHaveLength(1);
  expect((await database.query('SELECT id FROM orders')).rows).toMatchObject([{ id: 'A-1' }]);
  expect(sales.health().counts).toMatchObject({ handled: 1, deduplicated: 1, failed: 0 });
  await harness.stop();
  await database.close();
});

test('should undo the second of two attempts that both found nothing', async () => {
  const database = openDatabase();
  const persistence = myPersistence(database);
  const host = { endpoint: 'sales', clock: systemClock, logger: silentLogger };
  const connection = await persistence.connect(host);
  const delivery = new HeldDelivery({
    nativeId: '1',
    queue: 'sales',
    headers: {},
    body: new Uint8Array(),
  });
  const message = { messageId: 'one', headers: {}, delivery, outbox: true };
  const [first, second] = [await connection.open(message), await connection.open(message)];
  if (first.state !== 'new' || second.state !== 'new') throw new Error('Both should be new.');
  await first.session.commit([]);
  await expect(second.session.commit([])).rejects.toMatchObject({ code: 'OUTBOX_CONFLICT' });
  expect((await connection.open(message)).state).toBe('stored');
  await connection.close();
});
