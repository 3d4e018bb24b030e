import type {
  OutboxRecord,
  OutboxStore,
  PersistenceConnection,
  TransportOperation,
} from '@busbar/core';
import { idOf } from '../../support/inbox.ts';
import { toQueue } from '../../support/operations.ts';

/** Small enough to wait for, long enough to be noticed. */
export const graceMs = 60;

/** Longer than any test. */
export const long = 300_000;

/** Operations of these ids, without partition key. */
export function sends(...ids: readonly string[]): TransportOperation[] {
  return ids.map((id) => toQueue('elsewhere', { id }));
}

/** Operations of these ids with one partition key. */
export function keyed(partitionKey: string, ...ids: readonly string[]): TransportOperation[] {
  return ids.map((id) => toQueue('elsewhere', { id, partitionKey }));
}

/** The logical ids. */
export function idsOf(operations: readonly TransportOperation[]): string[] {
  return operations.map(({ message }) => idOf(message));
}

/** Claims as many as there are, held for long; undefined when there are none. */
export async function claimed(
  outbox: OutboxStore,
  request: Partial<Parameters<OutboxStore['claim']>[0]> = {},
): Promise<readonly OutboxRecord[] | undefined> {
  const records = await outbox.claim({ limit: 100, graceMs, leaseMs: long, ...request });
  return records.length === 0 ? undefined : records;
}

/** All ids of what can be claimed for the first time, in no order. */
export function idsOfRecords(records: readonly OutboxRecord[]): string[] {
  return records.flatMap(({ operations }) => idsOf(operations)).toSorted();
}

/** Claims a lane, held for long; undefined when there is none. */
export function lane(
  { outbox }: PersistenceConnection,
  key?: string,
  request: Partial<Parameters<OutboxStore['claimLane']>[0]> = {},
): ReturnType<OutboxStore['claimLane']> {
  const whole = { limit: 100, graceMs, leaseMs: long, ...request };
  return outbox.claimLane(key === undefined ? whole : { ...whole, key });
}
