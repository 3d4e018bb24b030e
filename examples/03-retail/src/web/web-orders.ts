import { inject, injectable } from 'inversify';
import { ShopDatabase } from '../database/shop-database.ts';
import type { Order } from '../contracts.ts';
import type { Fact, Facts } from './order-state.ts';

export const webTables = [
  'CREATE TABLE IF NOT EXISTS web_orders (order_id TEXT PRIMARY KEY, body TEXT NOT NULL)',
  'CREATE TABLE IF NOT EXISTS web_facts (order_id TEXT NOT NULL, fact TEXT NOT NULL, note TEXT NOT NULL, PRIMARY KEY (order_id, fact))',
];

/** The orders that were accepted over HTTP, and what was heard of them since. */
@injectable()
export class WebOrders {
  constructor(@inject(ShopDatabase) private readonly database: ShopDatabase) {}

  /** The order as it was accepted; undefined when there is none. */
  async find(orderId: string): Promise<string | undefined> {
    const select = 'SELECT body FROM web_orders WHERE order_id = $1';
    const [row] = await this.database.rows(select, orderId);
    return row?.['body'] as string | undefined;
  }

  /** Fails the transaction when there is one with this id. */
  async add(order: Order, transaction: unknown): Promise<void> {
    const insert = 'INSERT INTO web_orders VALUES ($1, $2)';
    const sql = this.database.within(transaction);
    await sql.run(insert, order.orderId, JSON.stringify(order));
  }

  /** Notes what was heard; of an order that came another way, nothing. */
  async note(orderId: string, fact: Fact, note: string, transaction: unknown): Promise<void> {
    const insert =
      'INSERT INTO web_facts SELECT order_id, $2, $3 FROM web_orders WHERE order_id = $1 ON CONFLICT DO NOTHING';
    await this.database.within(transaction).run(insert, orderId, fact, note);
  }

  async factsOf(orderId: string): Promise<Facts> {
    const select = 'SELECT fact, note FROM web_facts WHERE order_id = $1';
    const rows = await this.database.rows(select, orderId);
    return new Map(rows.map((row) => [row['fact'] as Fact, row['note'] as string]));
  }
}
