import type {
  Delivery,
  OnError,
  OnMessage,
  Receiver,
  ReceiverSettings,
  Transport,
  TransportConnection,
} from '@busbar/core';

/** What a broken connection does otherwise; `inner` is the healthy one. */
export type ConnectionChange = (inner: TransportConnection) => Partial<TransportConnection>;

/** `transport` with connections that differ. */
export function alteredTransport(transport: Transport, change: ConnectionChange): Transport {
  return {
    name: transport.name,
    address: transport.address,
    capabilities: transport.capabilities,
    connect: async (host) => {
      const inner = await transport.connect(host);
      return {
        dispatch: (operations) => inner.dispatch(operations),
        createReceiver: (settings) => inner.createReceiver(settings),
        subscriptions: inner.subscriptions,
        queues: inner.queues,
        health: () => inner.health(),
        close: () => inner.close(),
        ...change(inner),
      };
    },
  };
}

/** What a broken receiver does otherwise. */
export type ReceiverChange = (inner: Receiver, settings: ReceiverSettings) => Partial<Receiver>;

/** A connection whose receivers differ. */
export function alteredReceivers(change: ReceiverChange): ConnectionChange {
  return (connection) => ({
    createReceiver: (settings) => {
      const inner = connection.createReceiver(settings);
      return {
        queue: inner.queue,
        start: (onMessage, onError) => inner.start(onMessage, onError),
        changeConcurrency: (concurrency) => inner.changeConcurrency(concurrency),
        stop: (signal) => inner.stop(signal),
        health: () => inner.health(),
        ...change(inner, settings),
      };
    },
  });
}

/** A connection whose receivers call back otherwise. */
export function alteredCallbacks(
  change: (callbacks: { onMessage: OnMessage; onError: OnError }) => {
    onMessage?: OnMessage;
    onError?: OnError;
  },
): ConnectionChange {
  return alteredReceivers((inner) => ({
    start: (onMessage, onError) => {
      const changed = { onMessage, onError, ...change({ onMessage, onError }) };
      return inner.start(changed.onMessage, changed.onError);
    },
  }));
}

/** `delivery` with some members replaced. */
export function alteredDelivery(delivery: Delivery, changes: Partial<Delivery>): Delivery {
  return new Proxy(delivery, {
    get(target, name) {
      if (name in changes) return changes[name as keyof Delivery];
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
