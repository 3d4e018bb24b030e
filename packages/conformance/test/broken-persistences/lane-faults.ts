import type { OutboxLane } from '@busbar/core';
import { type PersistenceChange, alteredOutbox } from './altered-persistence.ts';
import type { PersistenceFault } from './persistence-fault.ts';

const lanes = 'when-a-lane-is-claimed';
const joined = 'when-joining-a-transaction';
const backlog = 'when-asked-for-the-backlog';

const forever = 500_000;

/** Settles by the key, whoever holds it now. */
function settlesLate(): PersistenceChange {
  const holders = new Map<string, OutboxLane>();
  return alteredOutbox((outbox) => ({
    claimLane: async (request) => {
      const lane = await outbox.claimLane(request);
      if (lane !== undefined) holders.set(lane.key, lane);
      return lane;
    },
    settleLane: (lane, sent, afterMs) =>
      outbox.settleLane(holders.get(lane.key) ?? lane, sent, afterMs),
  }));
}

/** Gives no lane while any is held. */
function oneLaneAtATime(): PersistenceChange {
  const held = new Set<string>();
  return alteredOutbox((outbox) => ({
    claimLane: async (request) => {
      if (held.size > 0) return undefined;
      const lane = await outbox.claimLane(request);
      if (lane !== undefined) held.add(lane.key);
      return lane;
    },
    settleLane: (lane, sent, afterMs) => {
      held.delete(lane.key);
      return outbox.settleLane(lane, sent, afterMs);
    },
  }));
}

export const laneFaults: readonly PersistenceFault[] = [
  {
    what: 'orders a lane by the ids of its messages',
    change: () =>
      alteredOutbox((outbox) => ({
        claimLane: async (request) => {
          const lane = await outbox.claimLane(request);
          if (lane === undefined) return undefined;
          const idOf = (operation: (typeof lane.operations)[number]): string =>
            operation.message.headers['busbar-message-id'] ?? '';
          const operations = lane.operations.toSorted((one, other) =>
            idOf(one) < idOf(other) ? -1 : 1,
          );
          return { ...lane, operations };
        },
      })),
    noticedBy: [
      `${lanes}/should give the operations of the key at once, in order`,
      'when-commits-share-a-key/should keep one order per key, to which commits only ever add at the end',
    ],
  },
  {
    what: 'lets two hold a lane',
    change: () =>
      alteredOutbox((outbox) => ({
        claimLane: (request) => outbox.claimLane({ ...request, leaseMs: 0 }),
      })),
    noticedBy: [
      `${lanes}/should let one hold a key`,
      `${lanes}/should let exactly one of several at the same time have the key`,
      'when-commits-share-a-key/should send each once, in that order, while they are committed',
    ],
  },
  {
    what: 'never gives a lane back',
    change: () =>
      alteredOutbox((outbox) => ({
        claimLane: (request) => outbox.claimLane({ ...request, leaseMs: forever }),
      })),
    noticedBy: [`${lanes}/should be given to another when its lease has passed`],
  },
  {
    what: 'gives a lane within its grace',
    change: () =>
      alteredOutbox((outbox) => ({
        claimLane: (request) => outbox.claimLane({ ...request, graceMs: 0 }),
      })),
    noticedBy: [`${lanes}/should give any lane that nobody sends, when its grace is over`],
  },
  {
    what: 'gives a lane by its key alone',
    change: () =>
      alteredOutbox((outbox) => ({
        claimLane: async (request) =>
          request.key === undefined ? undefined : outbox.claimLane(request),
      })),
    noticedBy: [
      `${lanes}/should give any lane that nobody sends, when its grace is over`,
      `${joined}/should put operations with a partition key into their lane, without a grace`,
    ],
  },
  {
    what: 'settles all of a lane',
    change: () =>
      alteredOutbox((outbox) => ({
        settleLane: (lane, _sent, afterMs) =>
          outbox.settleLane(lane, lane.operations.length, afterMs),
      })),
    noticedBy: [
      `${lanes}/should remove what was sent, and leave the rest first`,
      'when-commits-share-a-key/should keep one order per key, to which commits only ever add at the end',
    ],
  },
  {
    what: 'settles nothing of a lane',
    change: () =>
      alteredOutbox((outbox) => ({ settleLane: (lane) => outbox.settleLane(lane, 0, 0) })),
    noticedBy: [
      `${lanes}/should be empty when all was sent, and be filled anew`,
      `${lanes}/should keep the place of what was committed while it was held`,
      `${backlog}/should no longer count what was dispatched`,
    ],
  },
  {
    what: 'lets a late holder settle a lane',
    change: settlesLate,
    noticedBy: [`${lanes}/should be given to another when its lease has passed`],
  },
  {
    what: 'gives a lane no rest',
    change: () =>
      alteredOutbox((outbox) => ({
        settleLane: (lane, sent) => outbox.settleLane(lane, sent, 0),
      })),
    noticedBy: [`${lanes}/should rest for as long as its holder says`],
  },
  {
    what: 'lets a lane rest for good',
    change: () =>
      alteredOutbox((outbox) => ({
        settleLane: (lane, sent) => outbox.settleLane(lane, sent, forever),
      })),
    noticedBy: [
      `${lanes}/should be given again when its rest is over`,
      `${lanes}/should remove what was sent, and leave the rest first`,
    ],
  },
  {
    what: 'holds all keys at once',
    change: oneLaneAtATime,
    noticedBy: [`${lanes}/should keep keys independent`],
  },
  {
    what: 'cuts long keys off',
    change: () => (inner) => ({
      ...alteredOutbox((outbox) => ({
        claimLane: async (request) => {
          const lane = await outbox.claimLane(request);
          return lane === undefined ? undefined : { ...lane, key: lane.key.slice(0, 63) };
        },
      }))(inner),
    }),
    noticedBy: [`${lanes}/should tell unusual keys apart`],
  },
];
