import assert from 'node:assert/strict';
import type { SagaChange, SagaQuery, StorageSession, StoredSaga } from '@busbar/core';
import { randomLetters } from '../../support/operations.ts';
import type { PersistenceContext } from './persistence-context.ts';

/** A saga to insert; what is left out is filled in. */
export function saga(type: string, init: Partial<StoredSaga> = {}): StoredSaga {
  return {
    type,
    id: `saga-${randomLetters()}`,
    correlation: `order-${randomLetters()}`,
    version: 1,
    state: '{"count":0}',
    ...init,
  };
}

export function insert(made: StoredSaga): SagaChange {
  return { kind: 'insert', saga: made };
}

/** `stored` with another state. */
export function update(stored: StoredSaga, state: string): SagaChange {
  return { kind: 'update', saga: { ...stored, state, version: stored.version + 1 } };
}

export function remove(stored: StoredSaga): SagaChange {
  return { kind: 'remove', saga: stored };
}

export function find(
  t: PersistenceContext,
  session: StorageSession,
  query: Omit<SagaQuery, 'lock'> & { readonly lock?: boolean },
): Promise<StoredSaga | undefined> {
  return t.until(
    session.findSaga({ lock: false, ...query }),
    `saga ${query.value} to be looked for`,
  );
}

/** As it is committed now. */
export async function committed(
  t: PersistenceContext,
  { type, id }: Pick<StoredSaga, 'type' | 'id'>,
): Promise<StoredSaga | undefined> {
  const session = await t.begin();
  const stored = await find(t, session, { type, by: 'id', value: id });
  await t.rollback(session);
  return stored;
}

/** Finds one by id that must be there. */
export async function found(
  t: PersistenceContext,
  session: StorageSession,
  { type, id }: Pick<StoredSaga, 'type' | 'id'>,
  lock = false,
): Promise<StoredSaga> {
  const stored = await find(t, session, { type, by: 'id', value: id, lock });
  assert(stored !== undefined, `saga ${id} should be found`);
  return stored;
}

export function countOf({ state }: StoredSaga): number {
  return (JSON.parse(state) as { count: number }).count;
}

export function counted(count: number): string {
  return JSON.stringify({ count });
}
