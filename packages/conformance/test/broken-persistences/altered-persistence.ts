import type {
  MemoryStorage,
  OutboxStore,
  Persistence,
  PersistenceConnection,
  PersistenceHost,
  SagaChange,
  SessionChanges,
  StorageSession,
} from '@busbar/core';

export type Connection = PersistenceConnection<MemoryStorage>;
export type Session = StorageSession<MemoryStorage>;

/** What a broken persistence does otherwise; `inner` is a healthy connection. */
export type PersistenceChange = (inner: Connection) => Partial<Connection>;

/** `persistence` with connections that differ. */
export function alteredPersistence(
  persistence: Persistence<MemoryStorage>,
  change: PersistenceChange,
  host: (host: PersistenceHost) => PersistenceHost = (given) => given,
): Persistence<MemoryStorage> {
  return {
    name: persistence.name,
    capabilities: persistence.capabilities,
    connect: async (given) => {
      const inner = await persistence.connect(host(given));
      return {
        open: (incoming) => inner.open(incoming),
        begin: () => inner.begin(),
        join: (storage, operations) => inner.join(storage, operations),
        outbox: inner.outbox,
        close: () => inner.close(),
        ...change(inner),
      };
    },
  };
}

/** A connection whose sessions differ, those of messages and others. */
export function alteredSessions(
  change: (session: Session, inner: Connection) => Partial<Session>,
): PersistenceChange {
  return (inner) => {
    const altered = (session: Session): Session => ({
      storage: session.storage,
      findSaga: (query) => session.findSaga(query),
      commit: (changes) => session.commit(changes),
      rollback: () => session.rollback(),
      ...change(session, inner),
    });
    return {
      open: async (incoming) => {
        const opened = await inner.open(incoming);
        return opened.state === 'new' ? { ...opened, session: altered(opened.session) } : opened;
      },
      begin: async () => altered(await inner.begin()),
    };
  };
}

/** A connection whose outbox differs. */
export function alteredOutbox(
  change: (outbox: OutboxStore, inner: Connection) => Partial<OutboxStore>,
): PersistenceChange {
  return (inner) => {
    const { outbox } = inner;
    return {
      outbox: {
        markDispatched: (record) => outbox.markDispatched(record),
        keep: (record, operations, afterMs) => outbox.keep(record, operations, afterMs),
        claim: (request) => outbox.claim(request),
        claimLane: (request) => outbox.claimLane(request),
        settleLane: (lane, sent, afterMs) => outbox.settleLane(lane, sent, afterMs),
        forget: (signal) => outbox.forget(signal),
        backlog: () => outbox.backlog(),
        ...change(outbox, inner),
      },
    };
  };
}

/** Sessions that commit something else. */
export function alteredCommits(
  change: (changes: SessionChanges) => SessionChanges,
): PersistenceChange {
  return alteredSessions((session) => ({ commit: (changes) => session.commit(change(changes)) }));
}

/** Sessions that change sagas otherwise; `session` can look them up. */
export function alteredSagas(
  change: (saga: SagaChange, session: Session) => Promise<SagaChange>,
): PersistenceChange {
  return alteredSessions((session) => ({
    commit: async (changes) => {
      const sagas: SagaChange[] = [];
      for (const each of changes.sagas) sagas.push(await change(each, session));
      return session.commit({ ...changes, sagas });
    },
  }));
}
