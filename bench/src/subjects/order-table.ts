import pg from 'pg';
import type { Order } from '../order.ts';

/** What the handler of every subject does to the database. */
export const orderTable = `CREATE TABLE orders (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  order_id integer NOT NULL,
  customer text NOT NULL,
  cents bigint NOT NULL
)`;

/** Prepared once for each connection. */
export function insertOrder({ id, customer, lines }: Order): pg.QueryConfig {
  return {
    name: 'insert_order',
    text: 'INSERT INTO orders (order_id, customer, cents) VALUES ($1, $2, $3)',
    values: [id, customer.name, lines.reduce((sum, line) => sum + line.quantity * line.cents, 0)],
  };
}

/** The orders that were stored, each as often as it was. */
export async function storedOrders(pool: pg.Pool): Promise<readonly number[]> {
  const { rows } = await pool.query<{ order_id: number }>('SELECT order_id FROM orders');
  return rows.map((row) => row.order_id);
}
