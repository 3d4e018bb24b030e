import type { ServiceBusClient } from '@azure/service-bus';
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
  pause,
} from '@busbar/core';
import { serviceBusCapabilities } from './capabilities.ts';
import { makeAdministrationClient, makeClient } from './connection/clients.ts';
import { reach } from './connection/reach.ts';
import { ServiceBusReceiver } from './receiving/service-bus-receiver.ts';
import { Dispatcher } from './sending/dispatcher.ts';
import type { ServiceBusSettings } from './service-bus-options.ts';
import { Administration } from './topology/administration.ts';
import { deliveryLimitOf } from './topology/delivery-limit.ts';
import { EntityProbe } from './topology/entity-probe.ts';
import { ServiceBusQueues } from './topology/queues.ts';
import { StoredMessages } from './topology/stored-messages.ts';
import { ServiceBusSubscriptions } from './topology/subscriptions.ts';

/** For how long a close waits for what was accepted: who waits for it longer has given it up. */
const closeMs = 2_000;

/** One endpoint's way to the namespace: a connection to send and one to receive, since neither may wait for the other. */
export class ServiceBusConnection implements TransportConnection {
  readonly queues: Queues;
  readonly subscriptions: Subscriptions;
  readonly #settings: ServiceBusSettings;
  readonly #host: TransportHost;
  readonly #sending: ServiceBusClient;
  readonly #receiving: ServiceBusClient;
  readonly #dispatcher: Dispatcher;
  readonly #receivers: ServiceBusReceiver[] = [];
  #closing: Promise<void> | undefined;

  private constructor(
    settings: ServiceBusSettings,
    host: TransportHost,
    sending: ServiceBusClient,
    receiving: ServiceBusClient,
  ) {
    this.#settings = settings;
    this.#host = host;
    this.#sending = sending;
    this.#receiving = receiving;
    const namespace = settings.address.host;
    const capabilities = serviceBusCapabilities(settings);
    this.#dispatcher = new Dispatcher(sending, host.clock, capabilities, settings.retries);
    const administration = new Administration(makeAdministrationClient(settings), settings, host);
    this.queues = new ServiceBusQueues({
      administration,
      probe: new EntityProbe(sending, namespace),
      messages: new StoredMessages({
        client: receiving,
        dispatcher: this.#dispatcher,
        clock: host.clock,
        host: namespace,
        nativeMessages: settings.nativeMessages,
        deliveryLimitOf: (queue) => deliveryLimitOf(administration, queue),
      }),
      heldOf: (queue) => this.#heldOf(queue),
    });
    this.subscriptions = new ServiceBusSubscriptions(administration);
  }

  /** @throws BusbarError TRANSPORT_UNAVAILABLE */
  static async open(
    settings: ServiceBusSettings,
    host: TransportHost,
  ): Promise<ServiceBusConnection> {
    const name = `${host.endpoint} (${host.instance})`;
    const sending = makeClient(settings, `${name} send`);
    try {
      await reach(sending, settings, host.clock);
    } catch (error) {
      void sending.close().catch(() => undefined);
      throw error;
    }
    const receiving = makeClient(settings, `${name} receive`);
    return new ServiceBusConnection(settings, host, sending, receiving);
  }

  dispatch(operations: readonly TransportOperation[]): Promise<readonly DispatchResult[]> {
    if (this.#closing === undefined) return this.#dispatcher.dispatch(operations);
    return Promise.reject(
      new BusbarError('TRANSPORT_UNAVAILABLE', 'The connection to Azure Service Bus is closed.'),
    );
  }

  createReceiver(receiver: ReceiverSettings): Receiver {
    const made = new ServiceBusReceiver(this.#receiving, this.#settings, this.#host, receiver);
    this.#receivers.push(made);
    return made;
  }

  health(): TransportHealth {
    if (this.#closing !== undefined) return { connected: false, problem: 'It is closed.' };
    const { problem } = this.#dispatcher;
    return { connected: true, ...(problem !== undefined && { problem }) };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #heldOf(queue: string): number {
    const name = queue.toLowerCase();
    return this.#receivers
      .filter((receiver) => receiver.queue.toLowerCase() === name)
      .reduce((sum, { held }) => sum + held, 0);
  }

  async #close(): Promise<void> {
    const now = AbortSignal.abort();
    await Promise.all(this.#receivers.map((receiver) => receiver.stop(now)));
    await this.#within(this.#dispatcher.idle());
    const closing = [this.#sending, this.#receiving].map((client) =>
      client.close().catch(() => undefined),
    );
    await this.#within(Promise.all(closing));
  }

  async #within(ending: Promise<unknown>): Promise<void> {
    const over = new AbortController();
    await Promise.race([ending, pause(this.#host.clock, closeMs, over.signal)]);
    over.abort();
  }
}
