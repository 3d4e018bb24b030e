import type { TransportOperation } from '@busbar/core';
import { type PersistenceChange, alteredCommits } from './altered-persistence.ts';
import type { PersistenceFault } from './persistence-fault.ts';

const lookedUp = 'when-a-message-is-looked-up';
const stored = 'when-operations-are-stored';

/** Stores each operation changed. */
function changedOperations(
  change: (operation: TransportOperation) => TransportOperation,
): () => PersistenceChange {
  return () =>
    alteredCommits((changes) => ({
      ...changes,
      operations: changes.operations.map(change),
    }));
}

function without(
  operation: TransportOperation,
  name: keyof TransportOperation,
): TransportOperation {
  const rest: Partial<Record<string, unknown>> = { ...operation };
  delete rest[name];
  return rest as unknown as TransportOperation;
}

function withBody(operation: TransportOperation, body: Uint8Array): TransportOperation {
  return { ...operation, message: { ...operation.message, body } };
}

export const operationFaults: readonly PersistenceFault[] = [
  {
    what: 'treats bodies as text',
    change: changedOperations((operation) =>
      withBody(operation, Buffer.from(Buffer.from(operation.message.body).toString())),
    ),
    noticedBy: [
      `${stored}/should keep every byte value of a body`,
      `${stored}/should keep them in a lane as well`,
    ],
  },
  {
    what: 'takes the whole buffer for the body',
    change: changedOperations((operation) =>
      withBody(operation, new Uint8Array(operation.message.body.buffer)),
    ),
    noticedBy: [`${stored}/should keep an empty body, and a view into a larger buffer`],
  },
  {
    what: 'cuts large bodies off',
    change: changedOperations((operation) =>
      withBody(operation, operation.message.body.subarray(0, 65_535)),
    ),
    noticedBy: [`${stored}/should keep a body of a megabyte`],
  },
  {
    what: 'writes headers in Latin-1',
    change: changedOperations((operation) => {
      const entries = Object.entries(operation.message.headers);
      const headers = entries.map(([name, value]) => [
        name,
        Buffer.from(value, 'latin1').toString('latin1'),
      ]);
      const message = { ...operation.message, headers: Object.fromEntries(headers) };
      return { ...operation, message };
    }),
    noticedBy: [`${stored}/should keep unusual headers`],
  },
  {
    what: 'loses when a message is due',
    change: changedOperations((operation) => without(operation, 'deliverAt')),
    noticedBy: [
      `${stored}/should keep destinations, times, and what is for the transport alone`,
      `${stored}/should keep them in a lane as well`,
    ],
  },
  {
    what: 'loses what is for the transport alone',
    change: changedOperations((operation) => without(operation, 'properties')),
    noticedBy: [`${stored}/should keep destinations, times, and what is for the transport alone`],
  },
  {
    what: 'stores operations backwards',
    change: () =>
      alteredCommits((changes) => ({ ...changes, operations: changes.operations.toReversed() })),
    noticedBy: [
      `${lookedUp}/should be stored, with its operations, after a commit`,
      `${stored}/should keep many, in their order`,
      'when-a-lane-is-claimed/should give the operations of the key at once, in order',
    ],
  },
  {
    what: 'takes partition keys for no business of its own',
    change: changedOperations((operation) => without(operation, 'partitionKey')),
    noticedBy: [
      `${lookedUp}/should leave operations with a partition key to their lanes`,
      'when-a-lane-is-claimed/should leave operations with a key out of the records',
    ],
  },
];
