import { BusbarError, type SagaChange, type StoredSaga } from '@busbar/core';
import {
  type PersistenceChange,
  type Session,
  alteredSagas,
  alteredSessions,
} from './altered-persistence.ts';
import type { PersistenceFault } from './persistence-fault.ts';

const stored = 'when-a-saga-is-stored';
const correlated = 'when-sagas-share-a-correlation';
const changed = 'when-a-saga-was-changed-meanwhile';
const together = 'when-sagas-and-messages-commit-together';

function current(session: Session, { type, id }: StoredSaga): Promise<StoredSaga | undefined> {
  return session.findSaga({ type, by: 'id', value: id, lock: false });
}

/** Each saga stored otherwise. */
function changedSagas(change: (saga: StoredSaga) => StoredSaga): () => PersistenceChange {
  return () => alteredSagas(async ({ kind, saga }) => ({ kind, saga: change(saga) }));
}

/** Takes each change for one of the version that is stored. */
async function ofAnyVersion(change: SagaChange, session: Session): Promise<SagaChange> {
  const now = await current(session, change.saga);
  if (change.kind === 'insert' || now === undefined) return change;
  const version = change.kind === 'update' ? now.version + 1 : now.version;
  return { ...change, saga: { ...change.saga, version } };
}

/** Whatever comes in between, the last one wins. */
function versionless(): PersistenceChange {
  return alteredSessions((session) => ({
    commit: async (changes) => {
      for (let attempt = 1; ; attempt += 1) {
        const sagas: SagaChange[] = [];
        for (const change of changes.sagas) sagas.push(await ofAnyVersion(change, session));
        try {
          return await session.commit({ ...changes, sagas });
        } catch (error) {
          if (!isConflict(error) || attempt === 20) throw error;
        }
      }
    },
  }));
}

function isConflict(error: unknown): boolean {
  return error instanceof BusbarError && error.code === 'SAGA_CONFLICT';
}

export const sagaFaults: readonly PersistenceFault[] = [
  {
    what: 'ignores versions',
    change: versionless,
    noticedBy: [
      `${changed}/should refuse an update of another version`,
      `${changed}/should refuse a removal of another version`,
      `${changed}/should let exactly one of two updates at the same time through`,
      `${changed}/should lose no update when conflicts are tried again`,
      'when-a-saga-is-locked/should lose no update, and have no conflict where it locks',
      `${together}/should keep none of it when one of the sagas is refused`,
      `${together}/should change two sagas by one of two commits that take them crosswise`,
    ],
  },
  {
    what: 'makes a saga anew that was removed',
    change: () =>
      alteredSagas(async (change, session) => {
        if (change.kind !== 'update') return change;
        const now = await current(session, change.saga);
        return now === undefined ? { kind: 'insert', saga: change.saga } : change;
      }),
    noticedBy: [`${changed}/should refuse an update of one that was removed`],
  },
  {
    what: 'does not mind when a saga to remove is gone',
    change: () =>
      alteredSessions((session) => ({
        commit: async (changes) => {
          const sagas: SagaChange[] = [];
          for (const change of changes.sagas) {
            const now = await current(session, change.saga);
            if (change.kind !== 'remove' || now !== undefined) sagas.push(change);
          }
          return session.commit({ ...changes, sagas });
        },
      })),
    noticedBy: [`${changed}/should refuse a removal of one that was removed`],
  },
  {
    what: 'swallows conflicts',
    change: () =>
      alteredSessions((session) => ({
        commit: async (changes) => {
          try {
            return await session.commit(changes);
          } catch (error) {
            if (!isConflict(error)) throw error;
            return session.commit({ ...changes, sagas: [] });
          }
        },
      })),
    noticedBy: [
      `${correlated}/should be refused within one type`,
      `${correlated}/should be refused though both looked and found none`,
      `${correlated}/should be refused within one commit`,
      `${correlated}/should be let through by exactly one of two at the same time`,
      `${correlated}/should be refused for one id as well`,
      `${correlated}/should give one instance of many that start it together`,
      `${changed}/should let exactly one of two updates at the same time through`,
    ],
  },
  {
    what: 'overwrites a saga of the same id',
    change: () =>
      alteredSagas(async (change, session) => {
        const now = await current(session, change.saga);
        if (change.kind !== 'insert' || now === undefined) return change;
        return { kind: 'update', saga: { ...change.saga, version: now.version + 1 } };
      }),
    noticedBy: [`${correlated}/should be refused for one id as well`],
  },
  {
    what: 'allows a correlation several times',
    change: changedSagas((saga) => ({ ...saga, correlation: `${saga.correlation}-${saga.id}` })),
    noticedBy: [
      `${correlated}/should be refused within one type`,
      `${correlated}/should be refused though both looked and found none`,
      `${correlated}/should be let through by exactly one of two at the same time`,
      `${stored}/should be found by its id and by its correlation, as it was`,
    ],
  },
  {
    what: 'takes no correlation for one of its own',
    change: changedSagas((saga) => ({ ...saga, correlation: saga.correlation ?? '' })),
    noticedBy: [
      `${correlated}/should be fine when they have none`,
      `${stored}/should be found without a correlation by its id alone`,
    ],
  },
  {
    what: 'takes all sagas for one type',
    change: () =>
      alteredSessions((session) => ({
        findSaga: async (query) => {
          const saga = await session.findSaga({ ...query, type: 'any' });
          return saga === undefined ? undefined : { ...saga, type: query.type };
        },
        commit: (changes) => {
          const sagas = changes.sagas.map(({ kind, saga }) => ({
            kind,
            saga: { ...saga, type: 'any' },
          }));
          return session.commit({ ...changes, sagas });
        },
      })),
    noticedBy: [
      `${correlated}/should be fine in two types, and so should ids`,
      `${stored}/should not be found by another id, correlation or type`,
    ],
  },
  {
    what: 'keeps the correlation of what was removed',
    change: () =>
      alteredSagas(async (change) =>
        change.kind === 'remove'
          ? { kind: 'update', saga: { ...change.saga, version: change.saga.version + 1 } }
          : change,
      ),
    noticedBy: [
      `${stored}/should be gone after a removal`,
      `${correlated}/should be fine again when the first was removed`,
    ],
  },
  {
    what: 'reads and writes the state as JSON',
    change: changedSagas((saga) => ({
      ...saga,
      state: JSON.stringify(JSON.parse(saga.state)),
    })),
    noticedBy: [`${stored}/should keep the state as it is, whatever it holds`],
  },
  {
    what: 'cuts large states off',
    change: changedSagas((saga) => ({ ...saga, state: saga.state.slice(0, 65_535) })),
    noticedBy: [`${stored}/should keep the state as it is, whatever it holds`],
  },
  {
    what: 'trims ids of sagas',
    change: changedSagas((saga) => ({
      ...saga,
      id: saga.id.trim(),
      correlation: saga.correlation?.trim(),
    })),
    noticedBy: [`${stored}/should take unusual ids and correlations`],
  },
  {
    what: 'does not raise the version',
    change: () =>
      alteredSessions((session) => ({
        findSaga: async (query) => {
          const saga = await session.findSaga(query);
          return saga === undefined ? undefined : { ...saga, version: 1 };
        },
      })),
    noticedBy: [
      `${stored}/should be changed by an update, and keep its identity`,
      `${changed}/should lose no update when conflicts are tried again`,
    ],
  },
  {
    what: 'stores sagas before it knows whether the message is new',
    change: () =>
      alteredSessions((session, inner) => ({
        commit: async (changes) => {
          await (await inner.begin()).commit({ operations: [], sagas: changes.sagas });
          return session.commit({ ...changes, sagas: [] });
        },
      })),
    noticedBy: [`${together}/should keep none of it when the message was handled already`],
  },
  {
    what: 'stores sagas one by one',
    change: () =>
      alteredSessions((session, inner) => ({
        commit: async (changes) => {
          for (const saga of changes.sagas) {
            await (await inner.begin()).commit({ operations: [], sagas: [saga] });
          }
          return session.commit({ ...changes, sagas: [] });
        },
      })),
    noticedBy: [
      `${together}/should keep none of it when one of the sagas is refused`,
      `${correlated}/should be refused within one commit`,
    ],
  },
  {
    what: 'stores sagas after the rest',
    change: () =>
      alteredSessions((session, inner) => ({
        commit: async (changes) => {
          const result = await session.commit({ ...changes, sagas: [] });
          await (await inner.begin()).commit({ operations: [], sagas: changes.sagas });
          return result;
        },
      })),
    noticedBy: [
      `${together}/should keep none of it when one of the sagas is refused`,
      `${correlated}/should be refused within one type`,
      `${changed}/should refuse an update of another version`,
    ],
  },
  {
    what: 'counts versions from 2',
    change: () =>
      alteredSagas(async (change) =>
        change.kind === 'insert' ? { ...change, saga: { ...change.saga, version: 2 } } : change,
      ),
    noticedBy: [
      `${stored}/should be found by its id and by its correlation, as it was`,
      `${stored}/should be changed by an update, and keep its identity`,
    ],
  },
];
