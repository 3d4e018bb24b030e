import type { Queues, Subscriptions, TransportConnection } from '@busbar/core';
import type { ConnectionChange } from './altered.ts';
import type { Fault } from './fault.ts';

function changedQueues(change: (inner: Queues) => Partial<Queues>): () => ConnectionChange {
  return () =>
    ({ queues: inner }) => ({
      queues: {
        provision: (queues) => inner.provision(queues),
        missing: (queues) => inner.missing(queues),
        list: () => inner.list(),
        peek: (queue, limit) => inner.peek(queue, limit),
        move: (request) => inner.move(request),
        remove: (queues) => inner.remove(queues),
        ...change(inner),
      },
    });
}

function changedSubscriptions(
  change: (inner: Subscriptions) => Partial<Subscriptions>,
): () => ConnectionChange {
  return () =>
    ({ subscriptions: inner }) => ({ subscriptions: { ...inner, ...change(inner) } });
}

export const operatingFaults: readonly Fault[] = [
  {
    what: 'takes what it only should look at',
    change: changedQueues((inner) => ({
      peek: async (queue, limit) => {
        const messages = await inner.peek(queue, limit);
        await inner.provision([{ name: 'peeked' }]);
        const nativeIds = messages.map(({ nativeId }) => nativeId);
        await inner.move({ from: queue, to: 'peeked', nativeIds });
        return messages;
      },
    })),
    noticedBy: [
      'when-operating-queues/should show the oldest messages and leave them where they are',
    ],
  },
  {
    what: 'peeks beyond the limit',
    change: changedQueues((inner) => ({ peek: (queue) => inner.peek(queue, 1_000) })),
    noticedBy: [
      'when-operating-queues/should show the oldest messages and leave them where they are',
    ],
  },
  {
    what: 'takes messages out before it knows where to put them',
    change: changedQueues((inner) => ({
      move: async (request) => {
        await inner.provision([{ name: 'limbo' }]);
        await inner.move({ from: request.from, to: 'limbo', nativeIds: request.nativeIds });
        const taken = await inner.peek('limbo', 1_000);
        const nativeIds = taken.map(({ nativeId }) => nativeId);
        return inner.move({ ...request, from: 'limbo', nativeIds });
      },
    })),
    noticedBy: [
      'when-operating-queues/should keep the messages when the target of a move is missing',
    ],
  },
  {
    what: 'moves the headers as they are',
    change: changedQueues((inner) => ({
      move: ({ from, to, nativeIds }) => inner.move({ from, to, nativeIds }),
    })),
    noticedBy: [
      'when-operating-queues/should move chosen messages, with their bodies and other headers',
    ],
  },
  {
    what: 'moves everything',
    change: changedQueues((inner) => ({
      move: async (request) => {
        const all = await inner.peek(request.from, 1_000);
        return inner.move({ ...request, nativeIds: all.map(({ nativeId }) => nativeId) });
      },
    })),
    noticedBy: [
      'when-operating-queues/should move chosen messages, with their bodies and other headers',
    ],
  },
  {
    what: 'removes all queues',
    change: changedQueues((inner) => ({
      remove: async () => inner.remove((await inner.list()).map(({ name }) => name)),
    })),
    noticedBy: ['when-operating-queues/should remove queues with what is in them, and no other'],
  },
  {
    what: 'removes no queue',
    change: changedQueues(() => ({ remove: async () => {} })),
    noticedBy: ['when-operating-queues/should remove queues with what is in them, and no other'],
  },
  {
    what: 'finds no queue missing',
    change: changedQueues(() => ({ missing: async () => [] })),
    noticedBy: ['when-operating-queues/should provision what is missing, again and again'],
  },
  {
    what: 'does not list its queues',
    change: changedQueues(() => ({ list: async () => [] })),
    noticedBy: [
      'when-operating-queues/should list what waits, what is delayed and what is handled',
      'when-operating-queues/should provision what is missing, again and again',
    ],
  },
  {
    what: 'refuses to provision what is there',
    change: changedQueues((inner) => ({
      provision: async (queues) => {
        const missing = await inner.missing(queues.map(({ name }) => name));
        await Promise.resolve();
        if (missing.length < queues.length) throw new Error('it exists');
        await inner.provision(queues);
      },
    })),
    noticedBy: [
      'when-operating-queues/should provision what is missing, again and again',
      'when-operating-queues/should provision from eight connections at once',
    ],
  },
  {
    what: 'never unsubscribes',
    change: changedSubscriptions(() => ({ unsubscribe: async () => {} })),
    noticedBy: [
      'when-publishing/should give nothing to a queue that unsubscribed',
      'when-publishing/should list what a queue subscribed to, where it can tell',
    ],
  },
  {
    what: 'subscribes everybody to everything',
    change: () => (inner) => ({
      subscriptions: {
        subscribe: (queue) => inner.subscriptions.subscribe(queue, ['everything']),
        unsubscribe: (queue) => inner.subscriptions.unsubscribe(queue, ['everything']),
        list: (queue) => inner.subscriptions.list(queue),
      },
      dispatch: (operations) =>
        inner.dispatch(
          operations.map((operation) =>
            operation.destination.kind === 'queue'
              ? operation
              : { ...operation, destination: { kind: 'topic', topics: ['everything'] } },
          ),
        ),
    }),
    noticedBy: [
      'when-publishing/should give nothing to those who did not subscribe',
      'when-publishing-a-derived-event/should keep base events from the subscriber of the derived one',
    ],
  },
  {
    what: 'closes all its connections with one',
    change: () => {
      const open: TransportConnection[] = [];
      return (inner) => {
        open.push(inner);
        return {
          close: async () => {
            await Promise.all(open.map((connection) => connection.close()));
          },
        };
      };
    },
    noticedBy: [
      'when-two-connections-share-a-process/should leave one alone when the other closes',
    ],
  },
  {
    what: 'is connected for ever',
    change: () => () => ({ health: () => ({ connected: true }) }),
    noticedBy: ['when-asked-for-health/should tell whether it is connected'],
  },
];
