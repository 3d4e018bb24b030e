import type { Retries } from '../contracts.ts';
import { OrderRejected } from '../order-rejected.ts';
import type { OrderRecord } from './order-book.ts';

/**
 * How an order ended: `rejected` for a reason of the business, `failed` for any other, both into the error queue.
 * `LOST` and `DUPLICATE`, which has more bills or parcels than one, are what must never be.
 */
export type Fate = 'shipped' | 'cancelled' | 'rejected' | 'failed' | 'LOST' | 'DUPLICATE';

/** What was needed until it was shipped. */
export type Healing = 'none' | 'immediate' | 'delayed';

/** A row of the table. */
export interface Outcome {
  readonly orderId: string;
  readonly customer: string;
  /** In cents; undefined when sales never said. */
  readonly total: number | undefined;
  readonly fate: Fate;
  readonly healing: Healing;
  /** The service that moved it to the error queue. */
  readonly failedIn: string | undefined;
  /** Why it was cancelled. */
  readonly cancelledFor: string | undefined;
  /** What happened, for the reader. */
  readonly story: string;
}

const rejection = new OrderRejected().name;

export function outcomeOf(record: OrderRecord): Outcome {
  const { order, total } = record;
  const fate = fateOf(record);
  const story = [
    ...(record.quotedTotal === undefined ? [] : ['quoted first']),
    ...healingOf('billing', record.billed),
    ...healingOf('shipping', record.shipped),
    ...(record.reminded === true ? ['reminded'] : []),
    ...(fate === 'shipped' ? [] : [reasonFor(fate, record)]),
  ];
  return {
    orderId: order.orderId,
    customer: order.customer,
    total,
    fate,
    healing: strongest(record.billed, record.shipped),
    failedIn: record.failure?.service,
    cancelledFor: record.cancelled,
    story: story.join('; '),
  };
}

function fateOf({ shipped, cancelled, failure, bills, parcels }: OrderRecord): Fate {
  const allowed = shipped === undefined ? 0 : 1;
  if ((bills ?? 0) > 1 || (parcels ?? 0) > allowed) return 'DUPLICATE';
  if (shipped !== undefined) return bills === 0 || parcels === 0 ? 'LOST' : 'shipped';
  if (failure !== undefined) return failure.errorType === rejection ? 'rejected' : 'failed';
  return cancelled === undefined ? 'LOST' : 'cancelled';
}

function healingOf(service: string, retries: Retries | undefined): string[] {
  if (retries === undefined) return [];
  if (retries.delayed > 0) return [`${service} healed by delayed retry ${retries.delayed}`];
  if (retries.immediate > 0) return [`${service} healed by an immediate retry`];
  return [];
}

function strongest(...all: readonly (Retries | undefined)[]): Healing {
  if (all.some((retries) => (retries?.delayed ?? 0) > 0)) return 'delayed';
  return all.some((retries) => (retries?.immediate ?? 0) > 0) ? 'immediate' : 'none';
}

function reasonFor(fate: Fate, record: OrderRecord): string {
  const { failure, notSent, total, billed, shipped, cancelled, bills, parcels } = record;
  if (fate === 'DUPLICATE' || shipped !== undefined) {
    return `in the books: bills ${bills}, parcels ${parcels}`;
  }
  if (failure !== undefined) return `error queue, from ${failure.service}: ${failure.reason}`;
  if (cancelled !== undefined) return cancelled;
  if (notSent !== undefined) return `never sent: ${notSent}`;
  if (billed !== undefined) return 'billed, then nothing';
  return total === undefined ? 'sent, then nothing' : 'placed, then nothing';
}
