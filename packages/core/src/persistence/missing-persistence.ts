import { BusbarError } from '../errors.ts';
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
  const session: StorageSession = {
    storage,
    commit: () => Promise.resolve(),
    rollback: () => Promise.resolve(),
  };
  const opened = Promise.resolve({ state: 'new' as const, session });
  const connection: PersistenceConnection = {
    open: (incoming) =>
      incoming.outbox ? Promise.reject(explain(endpoint, 'The outbox')) : opened,
    markDispatched: () => Promise.reject(explain(endpoint, 'The outbox')),
    close: () => Promise.resolve(),
  };
  return {
    name: 'none',
    capabilities: { outbox: false },
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
