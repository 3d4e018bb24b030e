import type { Retries } from '../contracts.ts';
import { OrderRejected } from '../order-rejected.ts';
import type { OrderRecord } from './order-book.ts';

/**
 * How an order ended: `rejected` for a reason of the business, `failed` for any other, both into the error queue.
 * `LOST` is what must never be.
 */
export type Fate = 'shipped' | 'rejected' | 'failed' | 'LOST';

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
    ...(fate === 'shipped' ? [] : [missing(record)]),
  ];
  return {
    orderId: order.orderId,
    customer: order.customer,
    total,
    fate,
    healing: strongest(record.billed, record.shipped),
    failedIn: record.failure?.service,
    story: story.join('; '),
  };
}

function fateOf({ shipped, failure }: OrderRecord): Fate {
  if (shipped !== undefined) return 'shipped';
  if (failure === undefined) return 'LOST';
  return failure.errorType === rejection ? 'rejected' : 'failed';
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

function missing({ failure, notSent, total, billed }: OrderRecord): string {
  if (failure !== undefined) return `error queue, from ${failure.service}: ${failure.reason}`;
  if (notSent !== undefined) return `never sent: ${notSent}`;
  if (billed !== undefined) return 'billed, then nothing';
  return total === undefined ? 'sent, then nothing' : 'placed, then nothing';
}
