import { BusbarError } from '../errors.ts';
import type { OutboxStore } from './outbox-store.ts';
import type { Persistence, PersistenceConnection, StorageSession } from './persistence.ts';

/**
 * What an endpoint has that was configured without a persistence: messages are handled, and whoever asks for storage is
 * told what to write.
 */
export function missingPersistence(endpoint: string): Persistence {
  const storage = new Proxy(Object.freeze({}), {
    get(_target, property) {
      // Promises look for `then`, and a debugger for symbols; neither is a use of the storage.
      if (property === 'then' || typeof property === 'symbol') return undefined;
      throw explain(endpoint, `context.storage.${property}`);
    },
  });
  const refuse = (what: string) => () => Promise.reject(explain(endpoint, what));
  const session: StorageSession = {
    storage,
    findSaga: refuse('A saga'),
    commit: () => Promise.resolve({ record: undefined }),
    rollback: () => Promise.resolve(),
  };
  const refuseOutbox = refuse('The outbox');
  const outbox: OutboxStore = {
    markDispatched: () => {
      throw explain(endpoint, 'The outbox');
    },
    keep: refuseOutbox,
    claim: refuseOutbox,
    claimLane: refuseOutbox,
    settleLane: refuseOutbox,
    forget: refuseOutbox,
    backlog: refuseOutbox,
  };
  const opened = Promise.resolve({ state: 'new' as const, session });
  const connection: PersistenceConnection = {
    open: (incoming) => (incoming.outbox ? refuseOutbox() : opened),
    begin: refuse('A transactional session'),
    join: refuse('A transactional session'),
    outbox,
    close: () => Promise.resolve(),
  };
  return {
    name: 'none',
    capabilities: { outbox: false, sagas: false },
    connect: () => Promise.resolve(connection),
  };
}

function explain(endpoint: string, what: string): BusbarError {
  return new BusbarError(
    'MISSING_PERSISTENCE',
    `${what} was used, but endpoint "${endpoint}" has no persistence.`,
    {
      help: `Write createEndpoint('${endpoint}', { persistence: memoryPersistence(), … }) for tests; a service takes a persistence that lasts.`,
      details: { endpoint },
    },
  );
}
