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
import { Link } from './connection/link.ts';
import { SideChannel } from './connection/side-channel.ts';
import { Dispatcher } from './publishing/dispatcher.ts';
import { Publisher } from './publishing/publisher.ts';
import type { RabbitMqSettings } from './rabbitmq-options.ts';
import { RabbitMqReceiver } from './receiving/rabbitmq-receiver.ts';
import { ManagementApi } from './topology/management-api.ts';
import { RabbitMqQueues } from './topology/queues.ts';
import { RabbitMqSubscriptions } from './topology/subscriptions.ts';
import { Topology } from './topology/topology.ts';
import { UndeliverableWatch } from './topology/undeliverable-watch.ts';

/** The oldest broker with what the delay queues need: quorum queues with a time to live. */
const oldest = { major: 3, minor: 10 } as const;

/** For how long a close waits for confirms: who waits for them longer has given them up. */
const closeMs = 2_000;

/**
 * One endpoint's way to the broker: a connection to publish and one for all else, since the broker stops reading from a
 * connection that publishes when it runs out of memory or disk.
 */
export class RabbitMqConnection implements TransportConnection {
  readonly queues: Queues;
  readonly subscriptions: Subscriptions;
  readonly #settings: RabbitMqSettings;
  readonly #host: TransportHost;
  readonly #publishing: Link;
  readonly #consuming: Link;
  readonly #publisher: Publisher;
  readonly #dispatcher: Dispatcher;
  readonly #undeliverable: UndeliverableWatch;
  readonly #receivers: RabbitMqReceiver[] = [];
  #closing: Promise<void> | undefined;

  private constructor(
    settings: RabbitMqSettings,
    host: TransportHost,
    publishing: Link,
    consuming: Link,
  ) {
    this.#settings = settings;
    this.#host = host;
    this.#publishing = publishing;
    this.#consuming = consuming;
    const side = new SideChannel(consuming, host.clock, settings.confirmTimeoutMs);
    const topology = new Topology(side, settings, host);
    this.#publisher = new Publisher(publishing, settings, host);
    this.#dispatcher = new Dispatcher(this.#publisher, topology, host.clock, settings.maxBodyBytes);
    this.#undeliverable = new UndeliverableWatch(topology, host.clock);
    const management = new ManagementApi(settings, host.clock);
    this.queues = new RabbitMqQueues({
      topology,
      management,
      republisher: this.#publisher,
      heldOf: (queue) => this.#heldOf(queue),
    });
    this.subscriptions = new RabbitMqSubscriptions(topology, management);
    // Others may have changed everything while we were away.
    consuming.listen({ down: () => topology.forget() });
  }

  /** @throws BusbarError TRANSPORT_UNAVAILABLE */
  static async open(settings: RabbitMqSettings, host: TransportHost): Promise<RabbitMqConnection> {
    const publishing = new Link(settings, host, 'publish');
    const consuming = new Link(settings, host, 'consume');
    try {
      await publishing.open();
      await consuming.open();
      checkVersion(publishing);
    } catch (error) {
      await Promise.all([publishing.close(), consuming.close()]);
      throw error;
    }
    return new RabbitMqConnection(settings, host, publishing, consuming);
  }

  dispatch(operations: readonly TransportOperation[]): Promise<readonly DispatchResult[]> {
    if (this.#closing === undefined) return this.#dispatcher.dispatch(operations);
    return Promise.reject(
      new BusbarError('TRANSPORT_UNAVAILABLE', 'The connection to RabbitMQ is closed.'),
    );
  }

  createReceiver(receiver: ReceiverSettings): Receiver {
    const made = new RabbitMqReceiver(
      this.#consuming,
      this.#publisher,
      this.#settings,
      this.#host,
      receiver,
    );
    this.#receivers.push(made);
    return made;
  }

  health(): TransportHealth {
    if (this.#closing !== undefined) return { connected: false, problem: 'It is closed.' };
    const problem = this.#publishing.problem ?? this.#consuming.problem;
    if (problem !== undefined) return { connected: false, problem };
    const blocked = this.#publishing.blockedBecause;
    const problems = [
      blocked === undefined ? undefined : `RabbitMQ takes no messages: ${blocked}.`,
      this.#publisher.problem,
      this.#undeliverable.problem,
    ].filter((each) => each !== undefined);
    return { connected: true, ...(problems.length > 0 && { problem: problems.join(' ') }) };
  }

  #heldOf(queue: string): number {
    const receivers = this.#receivers.filter((receiver) => receiver.queue === queue);
    return receivers.reduce((sum, { held }) => sum + held, 0);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const now = AbortSignal.abort();
    await Promise.all(this.#receivers.map((receiver) => receiver.stop(now)));
    this.#undeliverable.end();
    const over = new AbortController();
    const waited = pause(this.#host.clock, closeMs, over.signal);
    await Promise.race([this.#dispatcher.idle(), waited]);
    over.abort();
    await this.#publisher.close(0);
    await Promise.all([this.#publishing.close(), this.#consuming.close()]);
  }
}

/** @throws BusbarError TRANSPORT_UNAVAILABLE for a broker without the queues that delays need */
function checkVersion({ session }: Link): void {
  if (session === undefined) return;
  const { product, version, major, minor } = session.server;
  if (product !== 'RabbitMQ') return;
  if (major > oldest.major || (major === oldest.major && minor >= oldest.minor)) return;
  throw new BusbarError(
    'TRANSPORT_UNAVAILABLE',
    `RabbitMQ ${version} is too old: ${oldest.major}.${oldest.minor} is the oldest that holds delays in quorum queues.`,
  );
}
