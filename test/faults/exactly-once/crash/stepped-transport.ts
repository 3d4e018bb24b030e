import {
  type OnMessage,
  type Receiver,
  type Transport,
  type TransportConnection,
  type TransportOperation,
  headerNames,
} from '@busbar/core';
import type { Steps } from './steps.ts';

/** For an acknowledgement to leave the process. */
const sentAfterMs = 20;

/** A transport whose every call is a step. */
export function steppedTransport(inner: Transport, steps: Steps): Transport {
  return {
    name: inner.name,
    address: inner.address,
    capabilities: inner.capabilities,
    connect: async (host) => steppedConnection(await inner.connect(host), steps),
  };
}

/** The order that a message is about. */
export function orderIn(body: Uint8Array): number {
  return (JSON.parse(Buffer.from(body).toString()) as { order: number }).order;
}

/** That of the first. */
export function orderOf(operations: readonly TransportOperation[]): number | undefined {
  const [first] = operations;
  return first === undefined ? undefined : orderIn(first.message.body);
}

/** The type without its scenario: they are called `Crash.NAME.RUN`. */
export function typeIn(headers: Readonly<Record<string, string>>): string {
  return (headers[headerNames.enclosedTypes] ?? '').split('.')[1] ?? '';
}

function steppedConnection(inner: TransportConnection, steps: Steps): TransportConnection {
  return {
    ...(inner.store !== undefined && { store: inner.store }),
    dispatch: (operations) => {
      const types = operations.map(({ message }) => typeIn(message.headers)).join(', ');
      return steps.withinSome('relay', orderOf(operations), () =>
        steps.around(`dispatching ${types}`, () => inner.dispatch(operations)),
      );
    },
    createReceiver: (settings) => steppedReceiver(inner.createReceiver(settings), steps),
    subscriptions: inner.subscriptions,
    queues: inner.queues,
    health: () => inner.health(),
    close: () => inner.close(),
  };
}

function steppedReceiver(inner: Receiver, steps: Steps): Receiver {
  const stepped =
    (onMessage: OnMessage): OnMessage =>
    (attempt) => {
      const { headers, body } = attempt.delivery;
      return steps.within(typeIn(headers), orderIn(body), async () => {
        steps.reach('received');
        const settling = await onMessage(attempt);
        steps.reach('before settling');
        reachWhenSettled(inner, steps);
        return settling;
      });
    };
  return {
    queue: inner.queue,
    start: (onMessage, onError) => inner.start(stepped(onMessage), onError),
    changeConcurrency: (concurrency) => inner.changeConcurrency(concurrency),
    stop: (signal) => inner.stop(signal),
    health: () => inner.health(),
  };
}

/** Nobody is called back when a message was settled, but it is counted. */
function reachWhenSettled(receiver: Receiver, steps: Steps): void {
  const { settled } = receiver.health();
  const look = (): void => {
    if (receiver.health().settled === settled) {
      setImmediate(look);
      return;
    }
    steps.reach('after settling');
    setTimeout(() => steps.reach('after the settling has left'), sentAfterMs);
  };
  setImmediate(look);
}
