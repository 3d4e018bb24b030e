import { BusbarError } from '../../errors.ts';
import type { Clock } from '../../time/clock.ts';
import type { TransportCapabilities } from '../capabilities.ts';
import { FairTurns } from '../fair-turns.ts';
import type { DispatchResult, TransportOperation } from '../operations.ts';
import type {
  Queues,
  Receiver,
  ReceiverSettings,
  Subscriptions,
  TransportConnection,
  TransportHealth,
  TransportHost,
} from '../transport.ts';
import { type MemoryEngine, type MemorySender, undeliverableQueue } from './memory-engine.ts';
import { MemoryQueues } from './memory-queues.ts';
import { MemoryReceiver } from './memory-receiver.ts';

/** One endpoint's way into a broker. */
export class MemoryConnection implements TransportConnection, MemorySender {
  readonly queues: Queues;
  readonly subscriptions: Subscriptions;
  readonly clock: Clock;
  readonly #engine: MemoryEngine;
  readonly #host: TransportHost;
  readonly #capabilities: TransportCapabilities;
  readonly #receivers: MemoryReceiver[] = [];
  readonly #turns = new FairTurns(() => {
    for (const goOn of this.#waiting.splice(0)) goOn();
  });
  readonly #waiting: (() => void)[] = [];
  #closed = false;

  constructor(engine: MemoryEngine, host: TransportHost, capabilities: TransportCapabilities) {
    this.#engine = engine;
    this.#host = host;
    this.#capabilities = capabilities;
    this.clock = host.clock;
    this.queues = new MemoryQueues(engine, host.clock);
    this.subscriptions = {
      subscribe: async (name, topics) => {
        const queue = engine.queue(name);
        for (const topic of topics) engine.subscribe(queue, topic);
      },
      unsubscribe: async (name, topics) => {
        const queue = engine.queue(name);
        for (const topic of topics) engine.unsubscribe(queue, topic);
      },
      list: async (name) => engine.topicsOf(engine.queue(name)),
    };
  }

  dispatch(operations: readonly TransportOperation[]): Promise<readonly DispatchResult[]> {
    if (this.#closed) {
      const error = new BusbarError('TRANSPORT_UNAVAILABLE', 'The connection is closed.');
      return Promise.reject(error);
    }
    const results = operations.map(this.#store);
    this.#turns.count(operations.length);
    return this.#turns.resting ? this.#nextTurn(results) : Promise.resolve(results);
  }

  dispatchAllOrNone(
    operations: readonly TransportOperation[],
    received: Uint8Array,
  ): readonly DispatchResult[] {
    const checks = operations.map((operation): DispatchResult => {
      const reason = this.#refusal(operation, received);
      return reason === undefined ? { outcome: 'confirmed' } : { outcome: 'undeliverable', reason };
    });
    if (checks.some((check) => check.outcome !== 'confirmed')) return checks;
    return operations.map(this.#storeChecked);
  }

  createReceiver(settings: ReceiverSettings): Receiver {
    const receiver = new MemoryReceiver(this.#engine, this, this.#host, settings);
    this.#receivers.push(receiver);
    return receiver;
  }

  health(): TransportHealth {
    const stray = this.#engine.queues.get(undeliverableQueue)?.ready ?? 0;
    return {
      connected: !this.#closed,
      ...(stray === 0
        ? {}
        : {
            problem: `${stray} delayed messages found their queue gone; see ${undeliverableQueue}.`,
          }),
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    const now = AbortSignal.abort();
    await Promise.all(this.#receivers.map((receiver) => receiver.stop(now)));
  }

  /** A sender in a loop would keep timers and sockets waiting, since a dispatch here waits for nothing. */
  #nextTurn(results: readonly DispatchResult[]): Promise<readonly DispatchResult[]> {
    return new Promise((resolve) => this.#waiting.push(() => resolve(results)));
  }

  readonly #store = (operation: TransportOperation): DispatchResult => {
    const reason = this.#refusal(operation);
    return reason === undefined
      ? this.#storeChecked(operation)
      : { outcome: 'undeliverable', reason };
  };

  readonly #storeChecked = (operation: TransportOperation): DispatchResult => {
    const { destination, deliverAt, message } = operation;
    const engine = this.#engine;
    // One copy, so that nothing the sender does to its headers later reaches a receiver.
    const headers = { ...message.headers };
    const { body } = message;
    const key = operation.partitionKey;
    const dueAt = deliverAt === undefined || deliverAt <= this.clock.now() ? undefined : deliverAt;
    if (destination.kind === 'queue') {
      const queue = engine.queue(destination.queue);
      const nativeId =
        dueAt === undefined
          ? engine.store(queue, headers, body, key)
          : engine.storeLater(queue, headers, body, key, dueAt, this.clock);
      return { outcome: 'confirmed', nativeId };
    }
    let copy = body;
    for (const queue of engine.subscribersOf(destination.topics)) {
      if (dueAt === undefined) engine.store(queue, headers, copy, key);
      else engine.storeLater(queue, headers, copy, key, dueAt, this.clock);
      // Each further subscriber gets bytes of its own, as from any broker; what one does to them reaches nobody else.
      copy = new Uint8Array(body);
    }
    return { outcome: 'confirmed' };
  };

  /**
   * Why the operation cannot be stored.
   *
   * @param received The body of the delivery that is settled with it; see `Delivery.settleWith`.
   */
  #refusal(
    { message, destination, deliverAt }: TransportOperation,
    received?: Uint8Array,
  ): string | undefined {
    const { maxBodyBytes, maxDelayMs } = this.#capabilities;
    if (destination.kind === 'queue' && !this.#engine.queues.has(destination.queue)) {
      return `The queue "${destination.queue}" does not exist.`;
    }
    if (message.body.byteLength > maxBodyBytes && message.body !== received) {
      return `The body has ${message.body.byteLength} bytes, the limit is ${maxBodyBytes}.`;
    }
    if (deliverAt !== undefined && deliverAt - this.clock.now() > maxDelayMs) {
      return `The delay ends ${new Date(deliverAt).toISOString()}, the limit is ${maxDelayMs} ms.`;
    }
    return undefined;
  }
}
