import { AsyncLocalStorage } from 'node:async_hooks';
import type { Delivery, DeliveryAttempt, MutableHeaders } from '@busbar/core';
import { alteredCallbacks, alteredDelivery, alteredReceivers } from './altered.ts';
import type { Fault } from './fault.ts';

const never = new AbortController().signal;

export const receiveFaults: readonly Fault[] = [
  {
    what: 'acknowledges before the handler has ended',
    change: () =>
      alteredCallbacks(({ onMessage }) => ({
        onMessage: async (attempt) => {
          onMessage(attempt).catch(() => {});
          return 'settle';
        },
      })),
    noticedBy: [
      'when-a-message-is-available/should not be settled before its handler has ended',
      'when-stopping/should wait for a running handler, which is not disturbed',
      'when-a-handler-throws/should ask onError with the same error, the count, the headers and the body',
    ],
  },
  {
    what: 'gives two attempts the same headers object',
    change: () => {
      const shared = new WeakMap<Delivery, MutableHeaders>();
      return alteredCallbacks(({ onMessage }) => ({
        onMessage: (attempt) => {
          const headers = shared.get(attempt.delivery) ?? attempt.headers;
          shared.set(attempt.delivery, headers);
          return onMessage({ ...attempt, headers });
        },
      }));
    },
    noticedBy: ['when-a-retry-is-requested/should start from the headers and the body as received'],
  },
  {
    what: 'shows onError the headers that the handler changed',
    change: () => {
      const shared = new WeakMap<Delivery, MutableHeaders>();
      return alteredCallbacks(({ onMessage, onError }) => ({
        onMessage: (attempt) => {
          shared.set(attempt.delivery, attempt.headers);
          return onMessage(attempt);
        },
        onError: (failure) =>
          onError({ ...failure, headers: shared.get(failure.delivery) ?? failure.headers }),
      }));
    },
    noticedBy: ['when-a-handler-throws/should show onError the headers as they were received'],
  },
  {
    what: 'handles every message twice',
    change: () =>
      alteredCallbacks(({ onMessage }) => ({
        onMessage: async (attempt) => {
          const copy = { ...attempt, headers: { ...attempt.headers } };
          await onMessage(copy);
          return onMessage(attempt);
        },
      })),
    noticedBy: [
      'when-consumers-compete/should give each message to exactly one of two connections',
      'when-publishing/should give one copy to every subscribed queue',
    ],
  },
  {
    what: 'handles more at once than it may',
    change: () => (inner) => ({
      createReceiver: (settings) =>
        inner.createReceiver({ ...settings, concurrency: settings.concurrency + 1 }),
    }),
    noticedBy: [
      'when-several-messages-are-available/should handle exactly as many at once as the limit says',
      'when-the-concurrency-changes/should handle more at once when it was raised',
    ],
  },
  {
    what: 'handles one message at a time',
    change: () => (inner) => ({
      createReceiver: (settings) => inner.createReceiver({ ...settings, concurrency: 1 }),
    }),
    noticedBy: [
      'when-several-messages-are-available/should handle exactly as many at once as the limit says',
      'when-messages-share-a-key/should handle other keys, and messages without one, meanwhile',
    ],
  },
  {
    what: 'never changes its concurrency',
    change: () => alteredReceivers(() => ({ changeConcurrency: () => {} })),
    noticedBy: [
      'when-the-concurrency-changes/should handle more at once when it was raised',
      'when-the-concurrency-changes/should handle fewer at once when it was lowered',
    ],
  },
  {
    what: 'does not wait for handlers when it stops',
    change: () => alteredReceivers((inner) => ({ stop: () => inner.stop(AbortSignal.abort()) })),
    noticedBy: [
      'when-stopping/should wait for a running handler, which is not disturbed',
      'when-stopping/should wait for onError, whose delivery is not disturbed',
    ],
  },
  {
    what: 'ignores the stop deadline',
    change: () => alteredReceivers((inner) => ({ stop: () => inner.stop(never) })),
    noticedBy: [
      'when-the-stop-deadline-passes/should fence a handler that never returns and resolve',
    ],
  },
  {
    what: 'goes on receiving when it is stopped',
    change: () => alteredReceivers(() => ({ stop: async () => {} })),
    noticedBy: ['when-stopping/should receive nothing more'],
  },
  {
    what: 'cannot be started again',
    change: () =>
      alteredReceivers((inner) => {
        let started = false;
        return {
          start: async (onMessage, onError) => {
            if (!started) await inner.start(onMessage, onError);
            started = true;
          },
        };
      }),
    noticedBy: ['when-stopping/should receive again when it is started again'],
  },
  {
    what: 'does not tell a handler that its delivery is lost',
    change: () =>
      alteredCallbacks(({ onMessage }) => ({
        onMessage: (attempt) => {
          const delivery = alteredDelivery(attempt.delivery, { lost: false, signal: never });
          return onMessage({ ...attempt, delivery });
        },
      })),
    noticedBy: [
      'when-the-stop-deadline-passes/should fence a handler that never returns and resolve',
      'when-a-hold-is-lost/should tell the handler and deliver the message again',
    ],
  },
  {
    what: 'lets a late attempt settle what belongs to the next one',
    change: () => {
      const settledLate = new Set<string>();
      return alteredCallbacks(({ onMessage }) => ({
        onMessage: async (attempt) => {
          const { delivery } = attempt;
          if (settledLate.has(delivery.nativeId)) return 'settle';
          const outcome = await onMessage(attempt);
          if (delivery.lost) settledLate.add(delivery.nativeId);
          return outcome;
        },
      }));
    },
    noticedBy: ['when-the-stop-deadline-passes/should refuse a late settle'],
  },
  {
    what: 'acknowledges what should be released',
    change: () =>
      alteredCallbacks(({ onError }) => ({
        onError: async (failure) => {
          const decision = await onError(failure);
          return decision.action === 'release' ? { action: 'settle' } : decision;
        },
      })),
    noticedBy: ['when-a-message-is-released/should come again with a fresh count of failures'],
  },
  {
    what: 'does not try again',
    change: () =>
      alteredCallbacks(({ onError }) => ({
        onError: async (failure) => {
          const decision = await onError(failure);
          return decision.action === 'retry' ? { action: 'settle' } : decision;
        },
      })),
    noticedBy: ['when-a-retry-is-requested/should try again and count the failures'],
  },
  {
    what: 'tries again at once though it should wait',
    change: () =>
      alteredCallbacks(({ onError }) => ({
        onError: async (failure) => {
          const decision = await onError(failure);
          return decision.action === 'retry' ? { action: 'retry' } : decision;
        },
      })),
    noticedBy: [
      'when-a-retry-is-requested/should wait as long as asked on the delivery that is still held',
    ],
  },
  {
    what: 'counts the failures over redeliveries',
    change: () => {
      const failures = new Map<string, number>();
      return alteredCallbacks(({ onMessage, onError }) => ({
        onMessage: (attempt) => {
          const count = failures.get(attempt.delivery.nativeId) ?? 0;
          return onMessage({ ...attempt, failures: count });
        },
        onError: (failure) => {
          const { nativeId } = failure.delivery;
          const count = (failures.get(nativeId) ?? 0) + 1;
          failures.set(nativeId, count);
          return onError({ ...failure, failures: count });
        },
      }));
    },
    noticedBy: ['when-a-message-is-released/should come again with a fresh count of failures'],
  },
  {
    what: 'acknowledges when onError throws',
    change: () =>
      alteredCallbacks(({ onError }) => ({
        onError: async (failure) => {
          try {
            return await onError(failure);
          } catch {
            return { action: 'settle' };
          }
        },
      })),
    noticedBy: [
      'when-onError-throws/should tell the host, pause, and deliver the message again',
      'when-the-error-queue-is-missing/should lose nothing, say so, and recover by itself when it is there',
    ],
  },
  {
    what: 'tries again without a pause when onError throws',
    change: () =>
      alteredCallbacks(({ onError }) => ({
        onError: async (failure) => {
          try {
            return await onError(failure);
          } catch {
            return { action: 'release' };
          }
        },
      })),
    noticedBy: [
      'when-onError-throws/should tell the host, pause, and deliver the message again',
      'when-onError-throws/should say in its health why it does not receive',
    ],
  },
  {
    what: 'hands poison to the handler',
    change: () =>
      alteredCallbacks(({ onMessage, onError }) => ({
        onError: async (failure) => {
          const { delivery, headers } = failure;
          if (delivery.poison === undefined) return onError(failure);
          await onMessage({ delivery, headers, failures: 0 });
          return { action: 'settle' };
        },
      })),
    noticedBy: [
      'when-a-message-is-poison/should ask onError alone, and settle as it says',
      'when-a-message-is-poison/should be copied to an error queue with what could be read',
    ],
  },
  {
    what: 'does not count deliveries',
    change: () =>
      alteredCallbacks(({ onMessage }) => ({
        onMessage: (attempt) => {
          const delivery = alteredDelivery(attempt.delivery, { deliveryCount: 1 });
          return onMessage({ ...attempt, delivery });
        },
      })),
    noticedBy: ['when-a-message-is-released/should come again with an increased delivery count'],
  },
  {
    what: 'handles a message in the async context of its sender',
    change: () => {
      let inContext = AsyncLocalStorage.snapshot();
      return (inner) => ({
        dispatch: (operations) => {
          inContext = AsyncLocalStorage.snapshot();
          return inner.dispatch(operations);
        },
        ...alteredCallbacks(({ onMessage }) => ({
          onMessage: (attempt) => inContext(onMessage, attempt),
        }))(inner),
      });
    },
    noticedBy: [
      'when-a-sender-has-a-context/should handle its messages in the context in which the receiver was started',
    ],
  },
  {
    what: 'treats a suspect like any other message',
    change: () => (inner) => ({
      createReceiver: (settings) => inner.createReceiver({ ...settings, suspicionAfter: 1_000 }),
    }),
    noticedBy: [
      'when-a-message-is-suspect/should be handled with nothing beside it',
      'when-a-message-is-suspect/should be handled with nothing beside it in other receivers of the process',
    ],
  },
  {
    what: 'forgets the keys of messages',
    change: () => (inner) => ({
      dispatch: (operations) =>
        inner.dispatch(
          operations.map(({ message, destination }) => {
            const { 'busbar-partition-key': _, ...headers } = message.headers;
            return { message: { ...message, headers }, destination };
          }),
        ),
    }),
    noticedBy: [
      'when-messages-share-a-key/should handle them one after the other in one receiver, in order',
      'when-an-ordered-queue-has-two-consumers/should keep the order per key over both',
      'when-the-first-of-a-key-comes-back/should bring a message that onError could not deal with before those behind it',
      'when-the-receiver-of-an-ordered-queue-pauses/should keep those behind a running message in order',
    ],
  },
  {
    what: 'keeps no order over two consumers',
    change: () => (inner) => ({
      dispatch: (operations) =>
        inner.dispatch(
          operations.map((operation) => {
            const { partitionKey: _, ...keyless } = operation;
            return keyless;
          }),
        ),
    }),
    noticedBy: ['when-an-ordered-queue-has-two-consumers/should keep the order per key over both'],
  },
  {
    what: 'settles though one of the sends is undeliverable',
    change: () => (inner) => {
      const loosely = (attempt: DeliveryAttempt): DeliveryAttempt => {
        const { delivery } = attempt;
        return {
          ...attempt,
          delivery: alteredDelivery(delivery, {
            settleWith: async (operations) => {
              await delivery.settleWith?.([]);
              return inner.dispatch(operations);
            },
          }),
        };
      };
      return alteredCallbacks(({ onMessage }) => ({
        onMessage: (attempt) => onMessage(loosely(attempt)),
      }))(inner);
    },
    noticedBy: [
      'when-one-of-several-destinations-is-bad/should store nothing when it is settled with, and keep the delivery',
    ],
  },
  {
    what: 'sends what it should settle with, whoever holds the message',
    change: () => (inner) =>
      alteredCallbacks(({ onMessage }) => ({
        onMessage: (attempt) => {
          const delivery = alteredDelivery(attempt.delivery, {
            settleWith: async (operations) => {
              const results = await inner.dispatch(operations);
              await attempt.delivery.settleWith?.([]);
              return results;
            },
          });
          return onMessage({ ...attempt, delivery });
        },
      }))(inner),
    noticedBy: [
      'when-settling-with-sends/should refuse a second settleWith, and store nothing of it',
      'when-settling-with-sends/should be refused once the delivery is lost, and store nothing',
    ],
  },
  {
    what: 'keeps every message that passed',
    change: () => {
      const kept: Uint8Array[] = [];
      return alteredCallbacks(({ onMessage }) => ({
        onMessage: (attempt) => {
          kept.push(attempt.delivery.body.slice());
          return onMessage(attempt);
        },
      }));
    },
    noticedBy: ['when-many-messages-pass/should keep nothing of them'],
  },
  {
    what: 'reports no progress',
    change: () =>
      alteredReceivers((inner) => ({ health: () => ({ ...inner.health(), settled: 0 }) })),
    noticedBy: ['when-asked-for-health/should tell the progress of a receiver'],
  },
];
