import {
  BusbarError,
  type DispatchResult,
  type Queues,
  type Receiver,
  type ReceiverSettings,
  type Subscriptions,
  type TransportConnection,
  type TransportHealth,
  type TransportHost,
  type TransportOperation,
} from '@busbar/core';
import { Dispatcher } from './dispatcher.ts';
import { SqliteQueues } from './sqlite-queues.ts';
import { SqliteReceiver } from './sqlite-receiver.ts';
import { SqliteSubscriptions } from './sqlite-subscriptions.ts';
import { undeliverableQueue } from './store/schema.ts';
import type { StoreLease } from './store/store-registry.ts';

/** One endpoint's way into a file. */
export class SqliteConnection implements TransportConnection {
  readonly queues: Queues;
  readonly subscriptions: Subscriptions;
  readonly #lease: StoreLease;
  readonly #host: TransportHost;
  readonly #dispatcher: Dispatcher;
  readonly #receivers: SqliteReceiver[] = [];
  #closing: Promise<void> | undefined;

  constructor(lease: StoreLease, host: TransportHost) {
    this.#lease = lease;
    this.#host = host;
    this.#dispatcher = new Dispatcher(lease.store);
    this.queues = new SqliteQueues(lease.store);
    this.subscriptions = new SqliteSubscriptions(lease.store);
    lease.store.trouble.listen(host.onCritical);
  }

  get store(): object {
    return this.#lease.store;
  }

  dispatch(operations: readonly TransportOperation[]): Promise<readonly DispatchResult[]> {
    if (this.#closing === undefined) return this.#dispatcher.dispatch(operations);
    const error = new BusbarError('TRANSPORT_UNAVAILABLE', 'The connection is closed.');
    return Promise.reject(error);
  }

  createReceiver(settings: ReceiverSettings): Receiver {
    const receiver = new SqliteReceiver(this.#lease.store, this.#dispatcher, this.#host, settings);
    this.#receivers.push(receiver);
    return receiver;
  }

  health(): TransportHealth {
    if (this.#closing !== undefined) return { connected: false, problem: 'It is closed.' };
    const { problem } = this.#lease.store.trouble;
    if (problem !== undefined) return { connected: false, problem };
    if (!this.#lease.store.hasMessages(undeliverableQueue)) return { connected: true };
    return {
      connected: true,
      problem: `Messages lie in ${undeliverableQueue}, because their queue is gone.`,
    };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { store } = this.#lease;
    const now = AbortSignal.abort();
    await Promise.all(this.#receivers.map((receiver) => receiver.stop(now)));
    await store.writer.idle();
    store.trouble.unlisten(this.#host.onCritical);
    this.#lease.release();
  }
}
