import { inject, injectable } from 'inversify';
import { ShopDatabase } from '../database/shop-database.ts';

// No constraint keeps an order from having two bills: only that its message is handled exactly once does.
export const billsTables = [
  'CREATE TABLE IF NOT EXISTS billing_bills (order_id TEXT NOT NULL, amount INTEGER NOT NULL, refunded INTEGER NOT NULL DEFAULT 0)',
  'CREATE INDEX IF NOT EXISTS billing_bills_order ON billing_bills (order_id)',
  'CREATE TABLE IF NOT EXISTS billing_cancelled (order_id TEXT PRIMARY KEY)',
];

/** The bills that were paid. */
@injectable()
export class Bills {
  constructor(@inject(ShopDatabase) private readonly database: ShopDatabase) {}

  async add(orderId: string, amount: number, storage: unknown): Promise<void> {
    const insert = 'INSERT INTO billing_bills (order_id, amount) VALUES ($1, $2)';
    await this.database.within(storage).run(insert, orderId, amount);
  }

  /** How many bills an order has. */
  async count(orderId: string, storage: unknown): Promise<number> {
    const select = 'SELECT count(*) AS bills FROM billing_bills WHERE order_id = $1';
    const [row] = await this.database.within(storage).rows(select, orderId);
    return Number(row?.['bills']);
  }

  /** Gives the money back, and keeps the order from being billed later. */
  async cancel(orderId: string, storage: unknown): Promise<void> {
    const sql = this.database.within(storage);
    await sql.run('INSERT INTO billing_cancelled VALUES ($1) ON CONFLICT DO NOTHING', orderId);
    await sql.run('UPDATE billing_bills SET refunded = 1 WHERE order_id = $1', orderId);
  }

  async isCancelled(orderId: string, storage: unknown): Promise<boolean> {
    const select = 'SELECT 1 FROM billing_cancelled WHERE order_id = $1';
    return (await this.database.within(storage).rows(select, orderId)).length > 0;
  }
}
