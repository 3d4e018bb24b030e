import { type PersistenceChange, alteredOutbox } from './altered-persistence.ts';
import type { PersistenceFault } from './persistence-fault.ts';

const dispatched = 'when-operations-were-dispatched';
const claimed = 'when-records-are-claimed';
const kept = 'when-a-record-is-kept';
const lanes = 'when-a-lane-is-claimed';
const joined = 'when-joining-a-transaction';
const old = 'when-handled-messages-grow-old';
const backlog = 'when-asked-for-the-backlog';

const forever = 500_000;

/** Marks a while later, unless the connection is closed first. */
function lazyMarks(): PersistenceChange {
  return (inner) => {
    const timers: NodeJS.Timeout[] = [];
    const markDispatched = (record: string): void => {
      timers.push(setTimeout(() => inner.outbox.markDispatched(record), 50));
    };
    return {
      ...alteredOutbox(() => ({ markDispatched }))(inner),
      close: async () => {
        for (const timer of timers) clearTimeout(timer);
      },
    };
  };
}

export const outboxFaults: readonly PersistenceFault[] = [
  {
    what: 'marks nothing',
    change: () => alteredOutbox(() => ({ markDispatched: () => {} })),
    noticedBy: [
      `${dispatched}/should say so of their message, soon`,
      `${dispatched}/should say so by the record that a later look-up named`,
      `${dispatched}/should have noted all of it when the connection is closed`,
      `${dispatched}/should not mind a record that was marked before, or by another instance`,
      `${claimed}/should give no record that was marked after it was claimed`,
      `${kept}/should be dispatched once it is marked`,
      `${backlog}/should no longer count what was dispatched`,
    ],
  },
  {
    what: 'marks a neighbour',
    change: () =>
      alteredOutbox((outbox) => ({
        markDispatched: (record) => {
          outbox.markDispatched(record);
          outbox.markDispatched(String(Number(record) + 1));
        },
      })),
    noticedBy: [`${dispatched}/should note it of the one record alone`],
  },
  {
    what: 'drops marks when it is closed',
    change: lazyMarks,
    noticedBy: [
      `${dispatched}/should have noted all of it when the connection is closed`,
      'when-closing/should have noted what was marked just before',
    ],
  },
  {
    what: 'has marked all that was stored',
    change: () => (inner) => ({
      open: async (incoming) => {
        const opened = await inner.open(incoming);
        return opened.state === 'stored' ? { state: 'dispatched' } : opened;
      },
    }),
    noticedBy: [
      `${dispatched}/should repeat the same ids while nobody said so`,
      'when-a-message-is-looked-up/should be known to every instance of the endpoint',
    ],
  },
  {
    what: 'claims within the grace',
    change: () =>
      alteredOutbox((outbox) => ({ claim: (request) => outbox.claim({ ...request, graceMs: 0 }) })),
    noticedBy: [`${claimed}/should give none before the grace is over`],
  },
  {
    what: 'claims what is being marked',
    change: () => (inner) => ({
      ...alteredOutbox((outbox) => ({
        claim: (request) => outbox.claim({ ...request, graceMs: 0 }),
        markDispatched: (record) => void setTimeout(() => outbox.markDispatched(record), 20),
      }))(inner),
    }),
    noticedBy: [`${claimed}/should never give what is marked soon after its commit`],
  },
  {
    what: 'never claims',
    change: () => alteredOutbox(() => ({ claim: async () => [] })),
    noticedBy: [
      `${claimed}/should give each once the grace is over, with its operations`,
      `${claimed}/should give what a process has left that is gone`,
      `${joined}/should keep the operations with what its user writes, if it commits`,
      `${joined}/should give them to the relay without a grace`,
      `${kept}/should be given after its time, without a further grace`,
    ],
  },
  {
    what: 'gives claimed records again',
    change: () =>
      alteredOutbox((outbox) => ({ claim: (request) => outbox.claim({ ...request, leaseMs: 0 }) })),
    noticedBy: [
      `${claimed}/should give each to one of several at the same time`,
      `${claimed}/should not give a record again while its lease lasts`,
    ],
  },
  {
    what: 'never gives a claimed record back',
    change: () =>
      alteredOutbox((outbox) => ({
        claim: (request) => outbox.claim({ ...request, leaseMs: forever }),
      })),
    noticedBy: [`${claimed}/should give a record again whose lease has passed`],
  },
  {
    what: 'claims more than asked for',
    change: () =>
      alteredOutbox((outbox) => ({
        claim: (request) => outbox.claim({ ...request, limit: 1_000 }),
        claimLane: (request) => outbox.claimLane({ ...request, limit: 1_000 }),
      })),
    noticedBy: [
      `${claimed}/should give each to one of several at the same time`,
      `${lanes}/should give no more than asked for`,
    ],
  },
  {
    what: 'keeps the operations that were sent',
    change: () =>
      alteredOutbox((outbox) => ({
        keep: async (record, _operations, afterMs) => {
          const all = await outbox.claim({ limit: 100, graceMs: -forever, leaseMs: 0 });
          const whole = all.find((one) => one.record === record);
          await outbox.keep(record, whole?.operations ?? [], afterMs);
        },
      })),
    noticedBy: [
      `${kept}/should be left with what is still to dispatch`,
      `${kept}/should be given after its time, without a further grace`,
    ],
  },
  {
    what: 'keeps nothing for later',
    change: () =>
      alteredOutbox((outbox) => ({
        keep: (record, operations) => outbox.keep(record, operations, 0),
      })),
    noticedBy: [
      `${kept}/should not be given before its time`,
      `${kept}/should be given to nobody for its time though it was claimed`,
    ],
  },
  {
    what: 'keeps for good',
    change: () =>
      alteredOutbox((outbox) => ({
        keep: (record, operations) => outbox.keep(record, operations, forever),
      })),
    noticedBy: [`${kept}/should be given after its time, without a further grace`],
  },
  {
    what: 'sends what was joined though it is rolled back',
    change: () => (inner) => ({
      join: async (_storage, operations) => {
        await (await inner.begin()).commit({ operations, sagas: [] });
      },
    }),
    noticedBy: [
      `${joined}/should keep nothing if it is rolled back`,
      `${joined}/should give them to the relay without a grace`,
    ],
  },
  {
    what: 'drops what was joined',
    change: () => () => ({ join: async () => {} }),
    noticedBy: [
      `${joined}/should keep the operations with what its user writes, if it commits`,
      `${backlog}/should count what was joined`,
    ],
  },
  {
    what: 'keeps what was joined last alone',
    change: () => (inner) => {
      const seen = new Set<object>();
      return {
        join: async (storage, operations) => {
          if (seen.has(storage)) return;
          seen.add(storage);
          await inner.join(storage, operations);
        },
      };
    },
    noticedBy: [`${joined}/should keep what was joined in several calls, and no more`],
  },
  {
    what: 'forgets nothing',
    change: () => alteredOutbox(() => ({ forget: async () => 0 })),
    noticedBy: [
      `${old}/should forget them after it, so that they are new`,
      `${old}/should forget those alone that are old`,
      `${old}/should let messages be handled meanwhile`,
    ],
  },
  {
    what: 'forgets too early',
    change: () => () => ({}),
    keepMs: 100,
    noticedBy: [`${old}/should remember them for the time that was set`],
  },
  {
    what: 'forgets what was not dispatched',
    change: () =>
      alteredOutbox((outbox) => ({
        forget: async (signal) => {
          const all = await outbox.claim({ limit: 100, graceMs: -forever, leaseMs: 0 });
          for (const { record } of all) outbox.markDispatched(record);
          return outbox.forget(signal);
        },
      })),
    noticedBy: [`${old}/should never forget one that has operations to dispatch`],
  },
  {
    what: 'counts what it forgot twice',
    change: () =>
      alteredOutbox((outbox) => ({
        forget: async (signal) => 2 * (await outbox.forget(signal)),
      })),
    noticedBy: [
      `${old}/should forget each once though two do so`,
      `${old}/should end early when it is told to, and go on where it was`,
    ],
  },
  {
    what: 'knows no backlog',
    change: () => alteredOutbox(() => ({ backlog: async () => ({ waiting: 0, oldestMs: 0 }) })),
    noticedBy: [
      `${backlog}/should count records and lane operations, and how long the oldest waits`,
    ],
  },
  {
    what: 'does not know how long the oldest waits',
    change: () =>
      alteredOutbox((outbox) => ({
        backlog: async () => ({ ...(await outbox.backlog()), oldestMs: 0 }),
      })),
    noticedBy: [
      `${backlog}/should count records and lane operations, and how long the oldest waits`,
    ],
  },
  {
    what: 'always has a backlog',
    change: () => alteredOutbox(() => ({ backlog: async () => ({ waiting: 1, oldestMs: 1 }) })),
    noticedBy: [`${backlog}/should say that nothing waits`],
  },
];
