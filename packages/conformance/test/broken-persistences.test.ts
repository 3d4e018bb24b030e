import {
  type PersistenceHarness,
  persistenceScenarios,
  runPersistenceTest,
} from '@busbar/conformance';
import { type Clock, type MemoryStorage, memoryPersistence, systemClock } from '@busbar/core';
import { expect, test } from 'vitest';
import { alteredPersistence } from './broken-persistences/altered-persistence.ts';
import { laneFaults } from './broken-persistences/lane-faults.ts';
import { operationFaults } from './broken-persistences/operation-faults.ts';
import { outboxFaults } from './broken-persistences/outbox-faults.ts';
import type { PersistenceFault } from './broken-persistences/persistence-fault.ts';
import { sagaFaults } from './broken-persistences/saga-faults.ts';
import { sessionFaults } from './broken-persistences/session-faults.ts';

const keepMs = 60_000;

type Breakage = Pick<PersistenceFault, 'change' | 'host' | 'keepMs'>;

const healthy: Breakage = { change: () => () => ({}) };

function harness(fault: Breakage): PersistenceHarness<MemoryStorage> {
  const persistence = memoryPersistence({ keepDeduplication: fault.keepMs ?? keepMs });
  let leapt = 0;
  const clock: Clock = {
    now: () => systemClock.now() + leapt,
    monotonic: () => systemClock.monotonic(),
    setTimer: (action, delayMs, keepAlive) => systemClock.setTimer(action, delayMs, keepAlive),
  };
  return {
    persistence: alteredPersistence(persistence, fault.change(), fault.host),
    clock,
    keepMs,
    advance: (ms) => {
      leapt += ms;
    },
    write: (storage, key, value) => storage.set(key, value),
    read: (key) => persistence.committed.get(key) as string | undefined,
    begin: async () => {
      const own = persistence.begin();
      return { storage: own, commit: () => own.commit(), rollback: () => own.rollback() };
    },
  };
}

function run(path: string, fault: Breakage, limitMs: number): Promise<void> {
  const slash = path.indexOf('/');
  const scenario = persistenceScenarios.find(({ name }) => name === path.slice(0, slash));
  const body = scenario?.tests[path.slice(slash + 1)];
  if (body === undefined) throw new Error(`There is no test ${path}`);
  return runPersistenceTest(body, { create: () => harness(fault), limitMs });
}

const faults = [
  ...sessionFaults,
  ...operationFaults,
  ...outboxFaults,
  ...laneFaults,
  ...sagaFaults,
];

const cases = faults.flatMap((fault) => fault.noticedBy.map((path) => ({ ...fault, path })));

test.concurrent.each(cases)(
  'a persistence that $what should be noticed by $path',
  async (fault) => {
    // The same test with nothing broken: what fails below fails for the fault.
    await run(fault.path, healthy, 10_000);
    await expect(run(fault.path, fault, 500)).rejects.toThrow();
  },
);

/** They need more than memory has: a shared store, transactions of their own, connections. */
const beyondMemory = [
  'when-dispatching-with-the-commit',
  'when-the-handler-ends-the-transaction',
  'when-the-connections-break',
];

test('every scenario that memory can take should notice at least one fault', () => {
  const noticing = new Set(
    faults.flatMap(({ noticedBy }) => noticedBy.map((path) => path.split('/')[0])),
  );
  const blind = persistenceScenarios.map(({ name }) => name).filter((name) => !noticing.has(name));
  expect(blind).toEqual(beyondMemory);
});
