import type { OutboxStore, Persistence, PersistenceConnection } from '@busbar/core';

/** A persistence whose connections do some things otherwise. */
export function wrappedPersistence<Storage>(
  inner: Persistence<Storage>,
  change: (connection: PersistenceConnection<Storage>) => Partial<PersistenceConnection<Storage>>,
): Persistence<Storage> {
  return {
    name: inner.name,
    capabilities: inner.capabilities,
    connect: async (host) => {
      const connection = await inner.connect(host);
      return {
        open: (incoming) => connection.open(incoming),
        begin: () => connection.begin(),
        join: (storage, operations) => connection.join(storage, operations),
        outbox: connection.outbox,
        ...(connection.isOutage !== undefined && {
          isOutage: (error: Error) => connection.isOutage?.(error) ?? false,
        }),
        health: () => connection.health?.() ?? {},
        close: () => connection.close(),
        ...change(connection),
      };
    },
  };
}

/** An outbox that does some things otherwise. */
export function wrappedOutbox(inner: OutboxStore, change: Partial<OutboxStore>): OutboxStore {
  return {
    markDispatched: (record) => inner.markDispatched(record),
    keep: (record, operations, afterMs) => inner.keep(record, operations, afterMs),
    claim: (request) => inner.claim(request),
    claimLane: (request) => inner.claimLane(request),
    settleLane: (lane, sent, afterMs) => inner.settleLane(lane, sent, afterMs),
    forget: (signal) => inner.forget(signal),
    backlog: () => inner.backlog(),
    ...change,
  };
}
