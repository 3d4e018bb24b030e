import {
  BusbarError,
  DeliveryPump,
  type OnError,
  type OnMessage,
  type Receiver,
  type ReceiverHealth,
  type ReceiverSettings,
  type TransportHost,
  untilAborted,
  withGrace,
} from '@busbar/core';
import type { Message } from '@aws-sdk/client-sqs';
import type { Clients } from '../clients/clients.ts';
import type { SdkFailure } from '../clients/sdk-error.ts';
import type { Originals } from '../message/originals.ts';
import { readMessage } from '../message/read-message.ts';
import type { SqsSettings } from '../sqs-options.ts';
import { companions } from '../topology/names.ts';
import {
  type KnownQueue,
  type QueueDirectory,
  toBusbarError,
} from '../topology/queue-directory.ts';
import { reportCritical } from './critical-report.ts';
import { DelayPump } from './delay-pump.ts';
import { Holdings } from './holdings.ts';
import { Poller } from './poller.ts';
import type { Replacer } from './replacer.ts';
import { Sieve } from './sieve.ts';
import type { SqsDelivery } from './sqs-delivery.ts';

/** What a {@link SqsReceiver} works with. */
export interface SqsReceiverParts {
  readonly settings: SqsSettings;
  readonly host: TransportHost;
  readonly clients: Clients;
  readonly queues: QueueDirectory;
  readonly replacer: Replacer;
  readonly originals: Originals;
  readonly receiver: ReceiverSettings;
}

/** Fetching ahead covers this much of the time, as far as the last messages tell. */
const aheadMs = 250;

/** All that belongs to one queue, once it is known. */
interface Reception {
  readonly queue: KnownQueue;
  readonly holdings: Holdings;
  readonly sieve: Sieve;
  readonly poller: Poller;
  readonly delays: DelayPump | undefined;
}

/** Takes from one queue while it is started. */
export class SqsReceiver implements Receiver {
  readonly queue: string;
  readonly #parts: SqsReceiverParts;
  readonly #pump: DeliveryPump<SqsDelivery>;
  #concurrency: number;
  #reception: Reception | undefined;
  #started = false;
  #stops = 0;
  #starting: Promise<void> = Promise.resolve();
  #stopped: Promise<void> = Promise.resolve();
  #gone: string | undefined;
  #rate = { at: 0, settled: 0, perMs: 0 };

  constructor(parts: SqsReceiverParts) {
    const { receiver, host } = parts;
    const { clock, logger, onCritical } = host;
    this.queue = receiver.queue;
    this.#parts = parts;
    this.#concurrency = receiver.concurrency;
    this.#pump = new DeliveryPump({
      ...receiver,
      clock,
      logger,
      onCritical,
      source: {
        settle: (delivery) => this.#reception?.holdings.settle(delivery),
        release: (delivery, begun) => this.#reception?.holdings.release(delivery, begun),
        holdLost: (delivery) => this.#reception?.holdings.holdLost(delivery),
        markAlone: () => this.#reception?.holdings.markAlone(),
        roomGrew: () => this.#reception?.holdings.roomGrew(),
      },
    });
  }

  start(onMessage: OnMessage, onError: OnError): Promise<void> {
    this.#starting = this.#start(onMessage, onError);
    return this.#starting;
  }

  changeConcurrency(concurrency: number): void {
    this.#concurrency = concurrency;
    this.#pump.changeConcurrency(concurrency);
  }

  stop(signal: AbortSignal): Promise<void> {
    this.#stops += 1;
    this.#stopped = this.#stop(signal);
    return this.#stopped;
  }

  health(): ReceiverHealth {
    const reception = this.#reception;
    const problem =
      this.#gone ??
      reception?.poller.problem ??
      reception?.holdings.problem ??
      reception?.delays?.problem;
    return this.#pump.health(this.queue, this.#pump.pausedBecause ?? problem);
  }

  /** Ends the polls that a stop left to end by themselves, once they had `ms` for it. */
  async close(within: Promise<void>): Promise<void> {
    const reception = this.#reception;
    if (reception === undefined) return;
    const ended = Promise.all([reception.poller.idle(), reception.delays?.idle()]);
    await Promise.race([ended, within]);
    reception.poller.cut();
    reception.delays?.cut();
    await reception.holdings.flush();
    reception.holdings.end();
  }

  async #start(onMessage: OnMessage, onError: OnError): Promise<void> {
    const stops = this.#stops;
    await this.#stopped;
    if (this.#started) {
      throw new BusbarError('ALREADY_STARTED', `The receiver of "${this.queue}" is started.`, {
        help: 'Stop it before it is started again.',
      });
    }
    this.#started = true;
    try {
      const queue = await this.#find();
      if (this.#stops !== stops) throw stoppedBefore(this.queue);
      if (this.#reception?.queue.url !== queue.url) this.#reception = this.#receptionOf(queue);
      if (this.#parts.receiver.ordered) await this.#reception.delays?.check();
    } catch (error) {
      this.#started = false;
      throw error;
    }
    this.#gone = undefined;
    this.#rate = { at: this.#parts.host.clock.monotonic(), settled: this.#pump.settled, perMs: 0 };
    this.#pump.start(onMessage, onError);
    this.#reception.delays?.start();
  }

  /** @throws BusbarError MISSING_QUEUE, UNSUPPORTED_BY_TRANSPORT, TRANSPORT_UNAVAILABLE */
  async #find(): Promise<KnownQueue> {
    const { queues, receiver } = this.#parts;
    let queue: KnownQueue;
    try {
      queues.forget(this.queue);
      queue = await queues.get(this.queue);
    } catch (error) {
      throw toBusbarError(error, `finding the queue "${this.queue}"`, 'sqs:GetQueueUrl');
    }
    if (!receiver.ordered || queue.fifo) return queue;
    throw new BusbarError(
      'UNSUPPORTED_BY_TRANSPORT',
      `The queue "${this.queue}" is a standard queue of SQS, which keeps no order, and its endpoint asks for \`ordered: true\`.`,
      {
        help: 'Empty and delete it, and provision the endpoint again: SQS cannot make a FIFO queue of it.',
        details: { queue: this.queue, setting: 'ordered' },
      },
    );
  }

  #receptionOf(queue: KnownQueue): Reception {
    const { clients, host, queues, replacer, settings, receiver, originals } = this.#parts;
    const { clock, logger } = host;
    const sieve: Sieve = new Sieve({
      queue,
      clock,
      logger,
      suspicionAfter: receiver.suspicionAfter,
      replacer,
      read: (message) => {
        const read = readMessage(message, queue, settings.nativeMessages);
        originals.note(message, read.body);
        return read;
      },
      delayQueue: () => queues.get(`${this.queue}${companions.delay}`),
      remove: (message) => holdings.remove(message),
    });
    const holdings: Holdings = new Holdings({
      client: clients.sending,
      queue,
      host,
      visibilitySeconds: settings.visibilitySeconds,
      windowMs: settings.batchWindowMs,
      suspicionAfter: receiver.suspicionAfter,
      pump: () => this.#pump,
      sieve: () => sieve,
      pollsEnd: () => poller.idle(),
      wentOn: () => poller.wake(),
      deletionRefused: (reason) => this.#deletionRefused(reason),
    });
    const poller: Poller = new Poller({
      client: clients.receiving,
      url: queue.url,
      clock,
      visibilitySeconds: settings.visibilitySeconds,
      waitSeconds: settings.pollSeconds,
      wanted: () => this.#wanted(holdings),
      most: () => Math.max(1, Math.ceil(this.#concurrency / 10)),
      received: (messages, at) => this.#received(holdings, messages, at),
      failed: (failure, reason) => this.#failed(failure, reason),
      recovered: () => {
        this.#gone = undefined;
        logger.info({ queue: this.queue }, 'Messages are received again');
      },
    });
    const delays = queue.fifo
      ? new DelayPump({ clients, host, queues, replacer, settings, queue })
      : undefined;
    return { queue, holdings, sieve, poller, delays };
  }

  #received(holdings: Holdings, messages: readonly Message[], at: number): void {
    if (this.#pump.accepting) holdings.take(messages, at);
    else holdings.giveBackMessages(messages);
  }

  /** What there is room for, and what will soon be done, or each handler would wait for a poll. */
  #wanted(holdings: Holdings): number {
    const pump = this.#pump;
    if (!pump.accepting || holdings.holdsSuspect || holdings.problem !== undefined) return 0;
    if (pump.pausedBecause !== undefined) return 0;
    const { room } = pump;
    const wanted = room - holdings.buffered;
    // With a suspect, a pause or a caution nothing is fetched ahead.
    if (room === 0 && pump.held === 0) return 0;
    if (pump.held < this.#concurrency && room < this.#concurrency - pump.held) return wanted;
    return wanted + this.#ahead();
  }

  /** As many messages as are settled within {@link aheadMs}, where they are settled fast. */
  #ahead(): number {
    const { settled, msSinceProgress } = this.#pump;
    if (msSinceProgress > aheadMs) return 0;
    const now = this.#parts.host.clock.monotonic();
    const passed = now - this.#rate.at;
    const more = settled - this.#rate.settled;
    if (passed > aheadMs / 2 || more >= 10) {
      this.#rate = { at: now, settled, perMs: more / Math.max(1, passed) };
    }
    const most = 2 * this.#concurrency + 20;
    return Math.min(most, Math.floor(this.#rate.perMs * aheadMs));
  }

  #failed(failure: SdkFailure, reason: string): void {
    const { host, queues } = this.#parts;
    const { queue } = this;
    const young = failure === 'missing' && queues.isYoung(queue);
    if (young || (failure !== 'missing' && failure !== 'denied')) {
      host.logger.warn({ queue, reason }, 'Receiving failed, and is tried again');
      return;
    }
    if (this.#gone !== undefined) return;
    queues.forget(queue);
    const error =
      failure === 'missing'
        ? new BusbarError(
            'MISSING_QUEUE',
            `The queue "${queue}" was removed while it was received from.`,
            {
              details: { queue },
            },
          )
        : new BusbarError(
            'TRANSPORT_UNAVAILABLE',
            `AWS does not allow receiving from "${queue}" any more: ${reason}.`,
            {
              help: 'Give the identity of the option `credentials` the right `sqs:ReceiveMessage`.',
              details: { queue },
            },
          );
    this.#gone = error.message;
    reportCritical(host, queue, error, 'SQS does not deliver from a queue any more');
  }

  #deletionRefused(reason: string): void {
    const { host } = this.#parts;
    const { queue } = this;
    const error = new BusbarError(
      'TRANSPORT_UNAVAILABLE',
      `AWS does not allow deleting from "${queue}": ${reason}. What was handled stays there, so nothing more is received.`,
      {
        help: 'Give the identity of the option `credentials` the right `sqs:DeleteMessage`.',
        details: { queue },
      },
    );
    reportCritical(host, queue, error, 'Handled messages cannot be deleted');
  }

  async #stop(signal: AbortSignal): Promise<void> {
    await untilAborted(this.#starting, signal);
    const reception = this.#reception;
    const stopped = this.#pump.stop(signal);
    reception?.poller.stop();
    reception?.holdings.giveBackBuffer();
    await stopped;
    if (reception?.delays !== undefined) await untilAborted(reception.delays.stop(), signal);
    if (reception !== undefined) {
      await withGrace(reception.holdings.flush(), signal, this.#parts.host.clock);
    }
    reception?.holdings.end();
    this.#started = false;
  }
}

function stoppedBefore(queue: string): BusbarError {
  return new BusbarError(
    'STOPPED',
    `The receiver of "${queue}" was stopped before it had started.`,
    { help: 'Start it again.' },
  );
}
