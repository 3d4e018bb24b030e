import type { ServiceName } from './contracts.ts';

/** What an order does to the database, each by the handler of one message and each exactly once. */
export const effects = {
  placed: 'sales',
  closed: 'sales',
  billed: 'billing',
  packed: 'shipping',
  'saw placed': 'shipping',
  'saw billed': 'shipping',
  shipped: 'shipping',
  due: 'shipping',
} as const satisfies Record<string, ServiceName>;

export type Effect = keyof typeof effects;

/** No constraint keeps an effect from happening twice: that is for the outbox to do. */
export const effectTables: readonly string[] = [
  'CREATE TABLE effects (effect text NOT NULL, order_number int NOT NULL, message_id text NOT NULL)',
  'CREATE TABLE accepted (order_number int PRIMARY KEY)',
];
