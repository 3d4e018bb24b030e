import { inject, injectable } from 'inversify';
import { ShopDatabase } from '../database/shop-database.ts';

// No constraint keeps an order from having two parcels: only that its message is handled exactly once does.
export const shipmentsTables = [
  'CREATE TABLE IF NOT EXISTS shipping_decisions (order_id TEXT PRIMARY KEY, decision TEXT NOT NULL)',
  'CREATE TABLE IF NOT EXISTS shipping_parcels (order_id TEXT NOT NULL, parcel TEXT NOT NULL)',
  'CREATE INDEX IF NOT EXISTS shipping_parcels_order ON shipping_parcels (order_id)',
];

/** What was decided about an order; its saga is over by then. */
export type Decision = 'shipped' | 'cancelled' | 'refused';

/** The parcels that were sent, and what was decided about orders. */
@injectable()
export class Shipments {
  constructor(@inject(ShopDatabase) private readonly database: ShopDatabase) {}

  /** Undefined while the order is waiting. */
  async decisionOn(orderId: string, storage: unknown): Promise<Decision | undefined> {
    const select = 'SELECT decision FROM shipping_decisions WHERE order_id = $1';
    const [row] = await this.database.within(storage).rows(select, orderId);
    return row?.['decision'] as Decision | undefined;
  }

  async decide(orderId: string, decision: Decision, storage: unknown): Promise<void> {
    const insert = 'INSERT INTO shipping_decisions VALUES ($1, $2) ON CONFLICT DO NOTHING';
    await this.database.within(storage).run(insert, orderId, decision);
  }

  async addParcel(orderId: string, parcel: string, storage: unknown): Promise<void> {
    const insert = 'INSERT INTO shipping_parcels VALUES ($1, $2)';
    await this.database.within(storage).run(insert, orderId, parcel);
  }

  /** How many parcels an order has. */
  async count(orderId: string, storage: unknown): Promise<number> {
    const select = 'SELECT count(*) AS parcels FROM shipping_parcels WHERE order_id = $1';
    const [row] = await this.database.within(storage).rows(select, orderId);
    return Number(row?.['parcels']);
  }
}
