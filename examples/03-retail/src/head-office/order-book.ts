import type {
  Order,
  OrderBilled,
  OrderCancelled,
  OrderPlaced,
  OrderShipped,
  Retries,
} from '../contracts.ts';
import { type Outcome, outcomeOf } from './outcome.ts';

/** A message from the error queue. */
export interface FailedMessage {
  /** Undefined when the body names none. */
  readonly orderId: string | undefined;
  readonly service: string;
  /** The name of the error's class. */
  readonly errorType: string;
  readonly reason: string;
}

/** All that the head office has heard about an order. */
export interface OrderRecord {
  readonly order: Order;
  quotedTotal?: number;
  notSent?: string;
  total?: number;
  billed?: Retries;
  shipped?: Retries;
  /** Why. */
  cancelled?: string;
  /** The customer was told that something was missing. */
  reminded?: boolean;
  failure?: FailedMessage;
  /** What billing and shipping have in their books. */
  bills?: number;
  parcels?: number;
}

/** Collects what the services report. Reports may come twice and in any order. */
export class OrderBook {
  readonly #records = new Map<string, OrderRecord>();
  readonly #complete = Promise.withResolvers<void>();
  #settled = 0;
  #reports = 0;

  constructor(orders: readonly Order[]) {
    for (const order of orders) this.#records.set(order.orderId, { order });
  }

  /** Resolves when every order has an outcome. */
  get complete(): Promise<void> {
    return this.#complete.promise;
  }

  /** How often something was heard. */
  get reports(): number {
    return this.#reports;
  }

  quoted(orderId: string, total: number): void {
    this.#note(orderId, (record) => (record.quotedTotal = total));
  }

  notSent(orderId: string, reason: string): void {
    this.#note(orderId, (record) => (record.notSent = reason));
  }

  placed({ orderId, total }: OrderPlaced): void {
    this.#note(orderId, (record) => (record.total = total));
  }

  billed({ orderId, retries }: OrderBilled): void {
    this.#note(orderId, (record) => (record.billed ??= retries));
  }

  shipped({ orderId, retries, reminded }: OrderShipped): void {
    this.#note(orderId, (record) => {
      record.shipped ??= retries;
      record.reminded ||= reminded;
    });
  }

  cancelled({ orderId, reason, reminded }: OrderCancelled): void {
    this.#note(orderId, (record) => {
      record.cancelled ??= reason;
      record.reminded ||= reminded;
    });
  }

  /** What the books of billing and shipping say at the end. */
  audited(orderId: string, bills: number, parcels: number): void {
    this.#note(orderId, (record) => Object.assign(record, { bills, parcels }));
  }

  /** @returns whether the message belongs to an order of the book */
  failed(failure: FailedMessage): boolean {
    return this.#note(failure.orderId ?? '', (record) => (record.failure ??= failure));
  }

  /** Something else was heard that shows that the services are at work. */
  touch(): void {
    this.#reports += 1;
  }

  get orderIds(): readonly string[] {
    return [...this.#records.keys()];
  }

  outcomes(): readonly Outcome[] {
    return [...this.#records.values()].map(outcomeOf);
  }

  progress(): string {
    const records = [...this.#records.values()];
    const count = (has: (record: OrderRecord) => unknown): number =>
      records.filter((record) => has(record) !== undefined).length;
    return [
      `${count((record) => record.total)} of ${records.length} orders placed`,
      `${count((record) => record.billed)} billed`,
      `${count((record) => record.shipped)} shipped`,
      `${count((record) => record.cancelled)} cancelled`,
      `${count((record) => record.failure)} in the error queue`,
    ].join(', ');
  }

  #note(orderId: string, change: (record: OrderRecord) => unknown): boolean {
    const record = this.#records.get(orderId);
    if (record === undefined) return false;
    const before = isSettled(record);
    change(record);
    this.touch();
    if (!before && isSettled(record)) this.#settled += 1;
    if (this.#settled === this.#records.size) this.#complete.resolve();
    return true;
  }
}

/** Whether the row is complete: events of different services overtake each other. */
function isSettled({ total, billed, shipped, cancelled, failure }: OrderRecord): boolean {
  if (failure !== undefined) return true;
  if (total === undefined) return false;
  return cancelled !== undefined || (billed !== undefined && shipped !== undefined);
}
