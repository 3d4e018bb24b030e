import { persistenceConformance } from '@busbar/conformance';
import { memoryPersistence } from '@busbar/core';
import { ManualClock } from './support/manual-clock.ts';

const keepMs = 60_000;

persistenceConformance({
  name: 'memory',
  capabilities: memoryPersistence().capabilities,
  create: async () => {
    const clock = new ManualClock();
    await clock.advance(Date.UTC(2026, 0));
    const persistence = memoryPersistence({ keepDeduplication: keepMs });
    return {
      persistence,
      clock,
      keepMs,
      advance: (ms) => clock.advance(ms),
      write: (storage, key, value) => storage.set(key, value),
      read: (key) => persistence.committed.get(key) as string | undefined,
      begin: async () => {
        const own = persistence.begin();
        return { storage: own, commit: () => own.commit(), rollback: () => own.rollback() };
      },
    };
  },
  skips: {
    'when-commits-share-a-key/should keep the order of the commits that changed the same value':
      'values in memory have no locks: the last of several writers wins',
    'when-the-handler-ends-the-transaction': 'the storage in memory has no end of its own',
    'when-the-connections-break': 'memory has no connections',
  },
});
