import { Command, Event } from '@busbar/core';
import type { Order } from '../order.ts';

export class PlaceOrder extends Command('Bench.PlaceOrder')<Order> {}
export class OrderPlaced extends Event('Bench.OrderPlaced')<Order> {}
