import { inject, injectable } from 'inversify';
import { ShopDatabase } from '../database/shop-database.ts';

export const ordersTables = [
  'CREATE TABLE IF NOT EXISTS sales_orders (order_id TEXT PRIMARY KEY, customer TEXT NOT NULL, total INTEGER NOT NULL)',
];

/** The orders that were placed. */
@injectable()
export class Orders {
  constructor(@inject(ShopDatabase) private readonly database: ShopDatabase) {}

  async has(orderId: string, storage: unknown): Promise<boolean> {
    const sql = this.database.within(storage);
    const rows = await sql.rows('SELECT 1 FROM sales_orders WHERE order_id = $1', orderId);
    return rows.length > 0;
  }

  async add(orderId: string, customer: string, total: number, storage: unknown): Promise<void> {
    const sql = this.database.within(storage);
    await sql.run('INSERT INTO sales_orders VALUES ($1, $2, $3)', orderId, customer, total);
  }
}
