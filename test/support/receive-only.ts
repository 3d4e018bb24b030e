import type {
  Delivery,
  DispatchResult,
  Receiver,
  ReceiverSettings,
  Transport,
  TransportConnection,
  TransportHost,
  TransportOperation,
} from '@busbar/core';

type Dispatch = (operations: readonly TransportOperation[]) => Promise<readonly DispatchResult[]>;

/**
 * `transport` as most brokers are: sends are confirmed first and the message is settled afterwards.
 *
 * @param around May answer in place of the broker.
 */
export function receiveOnly(
  transport: Transport,
  around: (
    operations: readonly TransportOperation[],
    dispatch: Dispatch,
  ) => ReturnType<Dispatch> = (operations, dispatch) => dispatch(operations),
): Transport {
  const { capabilities } = transport;
  return {
    name: `${transport.name}, receive-only`,
    address: transport.address,
    capabilities: { ...capabilities, transactionModes: ['receive-only'] },
    connect: async (host: TransportHost): Promise<TransportConnection> => {
      const connection = await transport.connect(host);
      return {
        dispatch: (operations) => around(operations, (some) => connection.dispatch(some)),
        createReceiver: (settings) => separate(connection, settings),
        subscriptions: connection.subscriptions,
        queues: connection.queues,
        health: () => connection.health(),
        close: () => connection.close(),
      };
    },
  };
}

function separate(connection: TransportConnection, settings: ReceiverSettings): Receiver {
  const receiver = connection.createReceiver(settings);
  const plain = new WeakMap<Delivery, Delivery>();
  const withoutSettling = (delivery: Delivery): Delivery => {
    const known = plain.get(delivery) ?? describe(delivery);
    plain.set(delivery, known);
    return known;
  };
  return {
    queue: receiver.queue,
    changeConcurrency: (concurrency) => receiver.changeConcurrency(concurrency),
    stop: (signal) => receiver.stop(signal),
    health: () => receiver.health(),
    start: (onMessage, onError) =>
      receiver.start(
        (attempt) => onMessage({ ...attempt, delivery: withoutSettling(attempt.delivery) }),
        (failure) => onError({ ...failure, delivery: withoutSettling(failure.delivery) }),
      ),
  };
}

function describe(delivery: Delivery): Delivery {
  const { nativeId, queue, headers, body, deliveryCount, diedAlone, poison, native } = delivery;
  return {
    nativeId,
    queue,
    headers,
    body,
    deliveryCount,
    diedAlone,
    native,
    ...(poison !== undefined && { poison }),
    get lost(): boolean {
      return delivery.lost;
    },
    get signal(): AbortSignal {
      return delivery.signal;
    },
  };
}
