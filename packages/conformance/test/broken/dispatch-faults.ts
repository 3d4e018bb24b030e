import { type DispatchResult, type TransportOperation, headerNames } from '@busbar/core';
import type { ConnectionChange } from './altered.ts';
import type { Fault } from './fault.ts';

/** Each operation on its own, replaced by `change`; undefined drops it, though it is confirmed. */
function changedOperations(
  change: (operation: TransportOperation) => TransportOperation | undefined,
): () => ConnectionChange {
  return () => (inner) => ({
    dispatch: async (operations) => {
      const results: DispatchResult[] = [];
      for (const operation of operations) {
        const changed = change(operation);
        if (changed === undefined) results.push({ outcome: 'confirmed' });
        else results.push(...(await inner.dispatch([changed])));
      }
      return results;
    },
  });
}

function withBody(operation: TransportOperation, body: Uint8Array): TransportOperation {
  return { ...operation, message: { ...operation.message, body } };
}

function withHeaders(
  operation: TransportOperation,
  change: (entry: [string, string]) => [string, string],
): TransportOperation {
  const entries = Object.entries(operation.message.headers).map(change);
  return {
    ...operation,
    message: { ...operation.message, headers: Object.fromEntries(entries) },
  };
}

let dispatched = 0;

export const dispatchFaults: readonly Fault[] = [
  {
    what: 'drops every seventh message',
    change: changedOperations((operation) => {
      dispatched += 1;
      return dispatched % 7 === 0 ? undefined : operation;
    }),
    noticedBy: [
      'when-stopping-under-load/should lose nothing, and repeat nothing that was settled',
      'when-consumers-compete/should give each message to exactly one of two connections',
      'when-dispatching-concurrently/should store each message of every call once',
    ],
  },
  {
    what: 'confirms what goes to a missing queue',
    change: () => (inner) => ({
      dispatch: async (operations) => {
        const results = await inner.dispatch(operations);
        return results.map(() => ({ outcome: 'confirmed' }));
      },
    }),
    noticedBy: [
      'when-the-destination-is-gone/should say so and name the queue',
      'when-one-of-several-destinations-is-bad/should spoil only its own result, in the order of the operations',
    ],
  },
  {
    what: 'does not name the queue that is missing',
    change: () => (inner) => ({
      dispatch: async (operations) => {
        const results = await inner.dispatch(operations);
        return results.map((result) =>
          result.outcome === 'undeliverable' ? { ...result, reason: 'not found' } : result,
        );
      },
    }),
    noticedBy: ['when-the-destination-is-gone/should say so and name the queue'],
  },
  {
    what: 'lets one bad destination spoil its neighbours',
    change: () => (inner) => ({
      dispatch: async (operations) => {
        const results = await inner.dispatch(operations);
        const bad = results.find(({ outcome }) => outcome !== 'confirmed');
        return bad === undefined ? results : results.map(() => bad);
      },
    }),
    noticedBy: [
      'when-one-of-several-destinations-is-bad/should spoil only its own result, in the order of the operations',
      'when-bodies-differ/should refuse one beyond the limit, for that operation alone',
      'when-delaying/should refuse a delay beyond the longest, for that operation alone',
    ],
  },
  {
    what: 'mixes the order of the results up',
    change: () => (inner) => ({
      dispatch: async (operations) => (await inner.dispatch(operations)).toReversed(),
    }),
    noticedBy: [
      'when-one-of-several-destinations-is-bad/should spoil only its own result, in the order of the operations',
      'when-delaying/should refuse a delay beyond the longest, for that operation alone',
    ],
  },
  {
    what: 'stores the operations of a call backwards',
    change: () => (inner) => ({
      dispatch: async (operations) => (await inner.dispatch(operations.toReversed())).toReversed(),
    }),
    noticedBy: [
      'when-dispatching-concurrently/should keep the order of one call per destination',
      'when-messages-share-a-key/should handle them one after the other in one receiver, in order',
    ],
  },
  {
    what: 'delivers delayed messages early',
    change: changedOperations(({ deliverAt, ...operation }) =>
      deliverAt === undefined ? operation : { ...operation, deliverAt: deliverAt - 60 },
    ),
    noticedBy: ['when-delaying/should deliver when it is due and not before'],
  },
  {
    what: 'shortens a delay that is too long',
    change: changedOperations(({ deliverAt, ...operation }) =>
      deliverAt === undefined
        ? operation
        : { ...operation, deliverAt: Math.min(deliverAt, Date.now() + 3_600_000) },
    ),
    noticedBy: ['when-delaying/should refuse a delay beyond the longest, for that operation alone'],
  },
  {
    what: 'forgets delayed messages when their sender closes',
    change: () => (inner) => {
      const timers: NodeJS.Timeout[] = [];
      return {
        dispatch: async (operations) => {
          const [{ deliverAt, ...operation } = { deliverAt: undefined }] = operations;
          if (deliverAt === undefined) return inner.dispatch(operations);
          const send = (): void => {
            void inner.dispatch([operation as TransportOperation]);
          };
          timers.push(setTimeout(send, deliverAt - Date.now()));
          return [{ outcome: 'confirmed' }];
        },
        close: () => {
          for (const timer of timers) clearTimeout(timer);
          return inner.close();
        },
      };
    },
    noticedBy: ['when-delaying/should deliver though the sender has gone'],
  },
  {
    what: 'drops messages that have an expiry',
    change: changedOperations((operation) =>
      operation.expiresAt === undefined ? operation : undefined,
    ),
    noticedBy: ['when-a-message-expires/should deliver what has not expired'],
  },
  {
    what: 'dead-letters expired messages',
    change: () => (inner) => ({
      dispatch: async (operations) => {
        await inner.queues.provision([{ name: 'dead-letters' }]);
        const now = Date.now();
        return inner.dispatch(
          operations.map((operation) =>
            (operation.expiresAt ?? now) < now
              ? { ...operation, destination: { kind: 'queue', queue: 'dead-letters' } }
              : operation,
          ),
        );
      },
    }),
    noticedBy: [
      'when-a-message-expires/should deliver or drop what has expired, and nothing else with it',
    ],
  },
  {
    what: 'gives a copy for every topic of a chain',
    change: () => (inner) => ({
      dispatch: async (operations) => {
        const results = await inner.dispatch(
          operations.flatMap((operation) => {
            const { destination } = operation;
            if (destination.kind === 'queue') return [operation];
            return destination.topics.map((topic) => ({
              ...operation,
              destination: { kind: 'topic' as const, topics: [topic] },
            }));
          }),
        );
        return results.slice(0, operations.length);
      },
    }),
    noticedBy: [
      'when-publishing-a-derived-event/should reach a queue once that subscribed to both',
    ],
  },
  {
    what: 'publishes to the most derived topic alone',
    change: changedOperations((operation) => {
      const { destination } = operation;
      if (destination.kind === 'queue') return operation;
      return {
        ...operation,
        destination: { ...destination, topics: destination.topics.slice(0, 1) },
      };
    }),
    noticedBy: [
      'when-publishing-a-derived-event/should reach the subscriber of its base, once',
      'when-publishing-a-derived-event/should reach the subscriber of the base with a type that it never heard of',
    ],
  },
  {
    what: 'treats bodies as text',
    change: changedOperations((operation) =>
      withBody(operation, Buffer.from(Buffer.from(operation.message.body).toString())),
    ),
    noticedBy: ['when-bodies-differ/should carry every byte value'],
  },
  {
    what: 'cuts large bodies off',
    change: changedOperations((operation) =>
      withBody(operation, operation.message.body.subarray(0, 256 * 1_024)),
    ),
    noticedBy: ['when-bodies-differ/should carry the largest one'],
  },
  {
    what: 'takes the whole buffer for the body',
    change: changedOperations((operation) =>
      withBody(operation, new Uint8Array(operation.message.body.buffer)),
    ),
    noticedBy: ['when-bodies-differ/should carry a view into a larger buffer'],
  },
  {
    what: 'writes headers in Latin-1',
    change: changedOperations((operation) =>
      withHeaders(operation, ([name, value]) => [
        Buffer.from(name, 'latin1').toString('latin1'),
        Buffer.from(value, 'latin1').toString('latin1'),
      ]),
    ),
    noticedBy: ['when-headers-differ/should carry Unicode in names and values'],
  },
  {
    what: 'leaves out empty headers and trims the others',
    change: changedOperations((operation) =>
      withHeaders(operation, ([name, value]) => [name, value.trim()]),
    ),
    noticedBy: ['when-headers-differ/should carry empty and blank values'],
  },
  {
    what: 'keeps the headers of the sender by reference',
    change: () => (inner) => {
      const kept = new Map<string, Record<string, string>>();
      const keep = ({ message }: TransportOperation): void => {
        kept.set(message.headers[headerNames.messageId] ?? '', message.headers);
      };
      return {
        dispatch: (operations) => {
          for (const operation of operations) keep(operation);
          return inner.dispatch(operations);
        },
        createReceiver: (settings) => {
          const receiver = inner.createReceiver(settings);
          const start = receiver.start.bind(receiver);
          receiver.start = (onMessage, onError) =>
            start((attempt) => {
              const id = attempt.headers[headerNames.messageId] ?? '';
              return onMessage({ ...attempt, headers: kept.get(id) ?? attempt.headers });
            }, onError);
          return receiver;
        },
      };
    },
    noticedBy: ['when-headers-differ/should carry what they were when dispatched'],
  },
  {
    what: 'takes a copy for a duplicate because of its logical id',
    change: () => {
      const seen = new Set<string>();
      return changedOperations((operation) => {
        const id = operation.message.headers[headerNames.messageId] ?? '';
        if (seen.has(id)) return undefined;
        seen.add(id);
        return operation;
      })();
    },
    noticedBy: [
      'when-copies-share-an-id/should deliver a retry copy with another ordinal',
      'when-a-retry-is-requested/should count anew for another copy with the same logical id',
    ],
  },
  {
    what: 'loses what is in flight when it closes',
    change: () => (inner) => {
      let closed = false;
      return {
        dispatch: async (operations) => {
          await new Promise((resolve) => setImmediate(resolve));
          if (closed) return operations.map(() => ({ outcome: 'confirmed' }));
          return inner.dispatch(operations);
        },
        close: () => {
          closed = true;
          return inner.close();
        },
      };
    },
    noticedBy: ['when-only-sending/should flush what was accepted before it closes'],
  },
];
