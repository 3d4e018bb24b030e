import type { ConsumeMessage } from 'amqplib';
import { ownHeaders } from '../message/properties.ts';

/**
 * How often a message was delivered before this time, by who counted it. AMQP cannot change a stored message, so what
 * must outlive the process is written on a copy that takes the message's place.
 */
export interface StartCount {
  /** Of this copy, by the broker: a quorum queue counts, a classic one only tells that it was delivered before. */
  readonly here: number;
  /** Of the copies before this one. */
  readonly earlier: number;
  /** In the hands of this process, which remembers it or took it back without the broker. */
  readonly local: number;
  /** All that came before it was first handled alone; a message without it never was. */
  readonly alone: number | undefined;
  /** The queue does not count. */
  readonly classic: boolean;
}

/** What {@link StartCount} is for nearly every message. */
export const firstStart: StartCount = Object.freeze({
  here: 0,
  earlier: 0,
  local: 0,
  alone: undefined,
  classic: false,
});

/** Reads what the broker and the copies before say. */
export function startCountOf({ fields, properties }: ConsumeMessage): StartCount {
  const table: Readonly<Record<string, unknown>> = properties.headers ?? {};
  if (!fields.redelivered && table[ownHeaders.deliveries] === undefined) return firstStart;
  const counted: unknown = table['x-delivery-count'];
  // Since RabbitMQ 4.3 a quorum queue counts what was given back without a failure apart.
  const quorum = counted !== undefined || table['x-acquired-count'] !== undefined;
  const classic = fields.redelivered && !quorum;
  return {
    here: classic ? 1 : countIn(counted),
    earlier: countIn(table[ownHeaders.deliveries]),
    local: 0,
    alone: ownHeaders.alone in table ? countIn(table[ownHeaders.alone]) : undefined,
    classic,
  };
}

/** Anybody can write headers. */
function countIn(value: unknown): number {
  const count = typeof value === 'string' ? Number(value) : value;
  return typeof count === 'number' && Number.isSafeInteger(count) && count > 0 ? count : 0;
}

/** Deliveries before this one. */
export function startsBefore({ here, earlier, local }: StartCount): number {
  return here + earlier + local;
}

/** How often it was handled alone and came back without a word. */
export function endsAlone(count: StartCount): number {
  return count.alone === undefined ? 0 : Math.max(0, startsBefore(count) - count.alone);
}

/** One such end may be the lost connection of a process that lives on. */
const endsThatCondemn = 2;

/** Whether a message outside of ordered queues killed the processes that handled it alone. */
export function diedAlone(count: StartCount): boolean {
  return endsAlone(count) >= endsThatCondemn;
}

/** A quorum queue of RabbitMQ 4 drops a message after 20 deliveries, unless a policy says otherwise. */
const mostStartsHere = 10;

/** The broker may soon drop it: a copy begins to be counted anew. */
export function nearLimit({ here, classic }: StartCount): boolean {
  return !classic && here >= mostStartsHere;
}

/** A copy that is to take the place of a message; the numbers are what its headers say. */
export interface CopyCounts {
  readonly deliveries: number;
  readonly alone: number | undefined;
}

/** A copy that goes on where the original was, so that what it is suspected of stays. */
export function carriedOn(count: StartCount, startsNow: 0 | 1 = 0): CopyCounts {
  return { deliveries: startsBefore(count) + startsNow, alone: count.alone };
}

/** The same, without what came of it that this process had the message and lost it. */
function excused({ alone = 0, ...count }: StartCount): CopyCounts {
  return { deliveries: startsBefore({ ...count, alone }), alone: alone + 1 };
}

/** A copy that is handled alone from now on, with nothing held against it. */
export function primed(count: StartCount, startsNow: 0 | 1 = 0): CopyCounts {
  const deliveries = startsBefore(count) + startsNow;
  return { deliveries, alone: deliveries };
}

/**
 * The count of a message that comes back to the process that had it: what a classic queue does not count is remembered
 * there, and needs no copy. `starts` is what {@link startsBefore} was going to be.
 */
export function remembered(count: StartCount, starts: number): StartCount {
  if (!count.classic || count.alone !== undefined) return count;
  return { ...count, here: 0, local: Math.max(0, starts - count.earlier) };
}

/** What is known when a message arrives in a queue that is not ordered. */
export interface Arrival {
  readonly count: StartCount;
  readonly suspicionAfter: number;
  /** This process had it when it came back. */
  readonly wasOurs: boolean;
}

/** The copy that has to take the place of a message before it may be handled; undefined for nearly all. */
export function copyOnArrival({ count, suspicionAfter, wasOurs }: Arrival): CopyCounts | undefined {
  if (wasOurs && count.alone !== undefined && endsAlone(count) <= endsThatCondemn) {
    return excused(count);
  }
  // It is not handled any more.
  if (diedAlone(count)) return undefined;
  if (count.alone === undefined && 1 + startsBefore(count) > suspicionAfter) return primed(count);
  const uncounted = count.classic && count.here > 0;
  return uncounted || nearLimit(count) ? carriedOn(count) : undefined;
}

/** The copy that goes back instead of a message itself; undefined for nearly all. */
export function copyOnReturn(count: StartCount, begun: boolean): CopyCounts | undefined {
  const startsNow = begun ? 1 : 0;
  if (count.alone !== undefined && !diedAlone(count)) {
    // Going back would look like an end. And who gives back what it has begun has survived it.
    return begun ? primed(count, startsNow) : carriedOn(count);
  }
  return nearLimit(count) ? carriedOn(count, startsNow) : undefined;
}
