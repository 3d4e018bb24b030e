import { Command } from '@busbar/core';

/** What the endpoint of `children/shop.ts` handles; with a key half of the time. */
export class PlaceOrder extends Command('Test.PlaceOrder')<{ order: string; key?: string }> {}

/** What it sends for each order. */
export class BookOrder extends Command('Test.BookOrder')<{ order: string }> {}
