import { randomUUID } from 'node:crypto';
import type { Persistence, StorageSession } from '@busbar/core';
import { wrappedPersistence } from '../../../support/wrapped-persistence.ts';

/** What a persistence can get wrong, to see that it would be noticed. */
export type Fault =
  /** Messages are kept under other ids than their own, so that no duplicate is recognised. */
  | 'forgets the record'
  /** Nothing that a handler sends is kept. */
  | 'forgets the operations'
  /** Sagas are not kept. */
  | 'forgets the saga';

export function brokenPersistence<Storage>(
  inner: Persistence<Storage>,
  fault: Fault | undefined,
): Persistence<Storage> {
  if (fault === undefined) return inner;
  return wrappedPersistence(inner, (connection) => ({
    open: async (incoming) => {
      const messageId = fault === 'forgets the record' ? randomUUID() : incoming.messageId;
      const opened = await connection.open({ ...incoming, messageId });
      if (opened.state !== 'new') return opened;
      return { ...opened, session: brokenSession(opened.session, fault) };
    },
  }));
}

function brokenSession<Storage>(
  inner: StorageSession<Storage>,
  fault: Fault,
): StorageSession<Storage> {
  return {
    storage: inner.storage,
    findSaga: (query) => inner.findSaga(query),
    commit: ({ operations, sagas }) =>
      inner.commit({
        operations: fault === 'forgets the operations' ? [] : operations,
        sagas: fault === 'forgets the saga' ? [] : sagas,
      }),
    rollback: () => inner.rollback(),
  };
}
