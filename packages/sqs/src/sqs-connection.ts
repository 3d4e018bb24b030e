import {
  BusbarError,
  type ClaimStore,
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
import { Clients } from './clients/clients.ts';
import { probe } from './clients/probe.ts';
import { Originals } from './message/originals.ts';
import { Replacer } from './receiving/replacer.ts';
import { SqsReceiver } from './receiving/sqs-receiver.ts';
import { Couriers } from './sending/couriers.ts';
import { Dispatcher } from './sending/dispatcher.ts';
import { Troubles } from './sending/troubles.ts';
import type { SqsSettings } from './sqs-options.ts';
import { QueueDirectory } from './topology/queue-directory.ts';
import { PolicyPrinter } from './topology/policy-printer.ts';
import { QueueMaker } from './topology/queue-maker.ts';
import { SqsQueues } from './topology/sqs-queues.ts';
import { SqsSubscriptions } from './topology/sqs-subscriptions.ts';
import { StoredMessages } from './topology/stored-messages.ts';
import { TopicDirectory } from './topology/topic-directory.ts';

/** For how long a close waits for what is under way. */
const closeMs = 2_000;

/** One endpoint's way to SQS and SNS. */
export class SqsConnection implements TransportConnection {
  readonly queues: Queues;
  readonly subscriptions: Subscriptions;
  readonly #settings: SqsSettings;
  readonly #host: TransportHost;
  readonly #clients: Clients;
  readonly #directory: QueueDirectory;
  readonly #dispatcher: Dispatcher;
  readonly #couriers: Couriers;
  readonly #troubles: Troubles;
  readonly #replacer: Replacer;
  readonly #originals = new Originals();
  readonly #receivers: SqsReceiver[] = [];
  #closing: Promise<void> | undefined;

  private constructor(
    settings: SqsSettings,
    host: TransportHost,
    clients: Clients,
    claimStore: ClaimStore | undefined,
  ) {
    const { clock, logger } = host;
    const { sending, sns } = clients;
    this.#settings = settings;
    this.#host = host;
    this.#clients = clients;
    const directory = new QueueDirectory(sending, settings.queuePrefix, clock);
    const topics = new TopicDirectory(sns, settings, clock);
    this.#directory = directory;
    this.#troubles = new Troubles(clock);
    this.#couriers = new Couriers({
      sqs: sending,
      sns,
      clock,
      windowMs: settings.batchWindowMs,
      queueGone: (queue) => directory.forget(queue),
      queueYoung: (queue) => directory.isYoung(queue),
      topicGone: (topic) => topics.forget(topic),
      troubles: this.#troubles,
    });
    this.#replacer = new Replacer(this.#couriers, clock, settings.sendTimeoutMs);
    this.#dispatcher = new Dispatcher({
      settings,
      host,
      queues: directory,
      topics,
      couriers: this.#couriers,
      claimStore,
      originals: this.#originals,
    });
    const making = { client: sending, directory, settings, clock, logger };
    const maker = new QueueMaker(making);
    const printer =
      settings.provisioning === 'policies'
        ? new PolicyPrinter(settings, logger, () => Promise.resolve(sending.config.region()))
        : undefined;
    this.subscriptions = new SqsSubscriptions({
      sqs: sending,
      sns,
      queues: directory,
      topics,
      maker,
      settings,
      clock,
      printer,
    });
    const messages = new StoredMessages({ ...making, replacer: this.#replacer });
    this.queues = new SqsQueues({
      ...making,
      maker,
      messages,
      subscriptions: this.subscriptions,
      printer,
    });
  }

  /** @throws BusbarError TRANSPORT_UNAVAILABLE */
  static async open(
    settings: SqsSettings,
    host: TransportHost,
    claimStore?: ClaimStore,
  ): Promise<SqsConnection> {
    const clients = new Clients(settings);
    try {
      await probe(clients.sending, settings, host.clock);
    } catch (error) {
      clients.destroy();
      throw error;
    }
    return new SqsConnection(settings, host, clients, claimStore);
  }

  dispatch(operations: readonly TransportOperation[]): Promise<readonly DispatchResult[]> {
    if (this.#closing === undefined) return this.#dispatcher.dispatch(operations);
    return Promise.reject(
      new BusbarError('TRANSPORT_UNAVAILABLE', 'The connection to SQS is closed.'),
    );
  }

  createReceiver(receiver: ReceiverSettings): Receiver {
    const made = new SqsReceiver({
      settings: this.#settings,
      host: this.#host,
      clients: this.#clients,
      queues: this.#directory,
      replacer: this.#replacer,
      originals: this.#originals,
      receiver,
    });
    this.#receivers.push(made);
    return made;
  }

  health(): TransportHealth {
    if (this.#closing !== undefined) return { connected: false, problem: 'It is closed.' };
    const { problem } = this.#troubles;
    return { connected: true, ...(problem !== undefined && { problem }) };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const now = AbortSignal.abort();
    await Promise.all(this.#receivers.map((receiver) => receiver.stop(now)));
    const over = new AbortController();
    const within = pause(this.#host.clock, closeMs, over.signal);
    await Promise.race([Promise.all([this.#dispatcher.idle(), this.#couriers.flush()]), within]);
    await Promise.all(this.#receivers.map((receiver) => receiver.close(within)));
    over.abort();
    this.#clients.destroy();
  }
}
