import type { OutboxStore, Persistence, PersistenceConnection, StorageSession } from '@busbar/core';
import { wrappedOutbox, wrappedPersistence } from '../../../support/wrapped-persistence.ts';
import { orderOf } from './stepped-transport.ts';
import type { Steps } from './steps.ts';

/** A persistence whose every call is a step. */
export function steppedPersistence<Storage>(
  inner: Persistence<Storage>,
  steps: Steps,
): Persistence<Storage> {
  return wrappedPersistence(inner, (connection) => steppedConnection(connection, steps));
}

function steppedConnection<Storage>(
  inner: PersistenceConnection<Storage>,
  steps: Steps,
): Partial<PersistenceConnection<Storage>> {
  return {
    open: async (incoming) => {
      steps.reach('before opening');
      const opened = await inner.open(incoming);
      steps.reach(`after opening, ${opened.state}`);
      if (opened.state !== 'new') return opened;
      return { ...opened, session: steppedSession(opened.session, steps) };
    },
    begin: async () => steppedSession(await steps.around('beginning', () => inner.begin()), steps),
    join: (storage, operations) => steps.around('joining', () => inner.join(storage, operations)),
    outbox: steppedOutbox(inner.outbox, steps),
  };
}

function steppedSession<Storage>(
  inner: StorageSession<Storage>,
  steps: Steps,
): StorageSession<Storage> {
  const { commitAndDispatch } = inner;
  return {
    storage: inner.storage,
    findSaga: (query) => steps.around('finding the saga', () => inner.findSaga(query)),
    commit: (changes) => steps.around('committing', () => inner.commit(changes)),
    ...(commitAndDispatch !== undefined && {
      commitAndDispatch: (changes) =>
        steps.around('committing and dispatching', () => commitAndDispatch.call(inner, changes)),
    }),
    rollback: () => steps.around('rolling back', () => inner.rollback()),
  };
}

/** What is looked for in vain is no step. */
function steppedOutbox(inner: OutboxStore, steps: Steps): OutboxStore {
  const orders = new Map<string, number | undefined>();
  const lanes = new Map<string, number | undefined>();
  return wrappedOutbox(inner, {
    markDispatched: (record) => {
      steps.withinSome('relay', orders.get(record), () => {
        steps.reach('before marking');
        inner.markDispatched(record);
        steps.reach('after marking');
      });
    },
    keep: (record, operations, afterMs) =>
      steps.withinSome('relay', orders.get(record), () =>
        steps.around('keeping', () => inner.keep(record, operations, afterMs)),
      ),
    claim: async (request) => {
      const records = await inner.claim(request);
      for (const { record, operations } of records) {
        orders.set(record, orderOf(operations));
        steps.withinSome('relay', orderOf(operations), () => steps.reach('after claiming'));
      }
      return records;
    },
    claimLane: async (request) => {
      const { key } = request;
      // What comes behind an order in its lane, nothing too, belongs to it: the relay has no context of its own.
      const last = key === undefined ? undefined : lanes.get(key);
      const reach = (name: string, order: number | undefined): void =>
        steps.withinSome('relay', order, () => steps.reach(name));
      if (key !== undefined) reach('before claiming the lane', last);
      const lane = await inner.claimLane(request);
      const order = lane === undefined ? last : orderOf(lane.operations);
      if (lane !== undefined) lanes.set(lane.key, order);
      if (lane !== undefined || key !== undefined) reach('after claiming the lane', order);
      return lane;
    },
    settleLane: (lane, sent, afterMs) =>
      steps.withinSome('relay', orderOf(lane.operations), () =>
        steps.around('settling the lane', () => inner.settleLane(lane, sent, afterMs)),
      ),
  });
}
