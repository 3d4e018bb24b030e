import {
  BusbarError,
  type OnError,
  type OnMessage,
  type Receiver,
  type ReceiverHealth,
  type ReceiverSettings,
  type Timer,
  type TransportHost,
  asError,
  untilAborted,
  withGrace,
} from '@busbar/core';
import type { Link } from '../connection/link.ts';
import type { RabbitMqSettings } from '../rabbitmq-options.ts';
import { queueRemoved } from './consume-refusal.ts';
import { consumerTags } from './consumer-tags.ts';
import { Consumption, stoppedBefore } from './consumption.ts';
import type { Republisher } from './copies.ts';
import { DeadlineWatch, deadlineFor } from './deadline.ts';
import { Holdings } from './holdings.ts';
import type { RabbitMqDelivery } from './rabbitmq-delivery.ts';

/** It is a 16-bit number. */
const mostPrefetch = 65_535;
/** Who changes a number mostly changes it several times. */
const concurrencySettlesMs = 100;

/** Takes from one queue while it is started. */
export class RabbitMqReceiver implements Receiver {
  readonly queue: string;
  readonly #link: Link;
  readonly #host: TransportHost;
  readonly #settings: RabbitMqSettings;
  readonly #receiver: ReceiverSettings;
  readonly #holdings: Holdings;
  readonly #watch: DeadlineWatch;
  readonly #nextTag: () => string;
  #concurrency: number;
  #resizing: Timer | undefined;
  #consumption: Consumption | undefined;
  #stops = 0;
  #starting: Promise<void> = Promise.resolve();
  #stopped: Promise<void> = Promise.resolve();

  constructor(
    link: Link,
    republisher: Republisher,
    settings: RabbitMqSettings,
    host: TransportHost,
    receiver: ReceiverSettings,
  ) {
    this.queue = receiver.queue;
    this.#link = link;
    this.#host = host;
    this.#settings = settings;
    this.#receiver = receiver;
    this.#concurrency = receiver.concurrency;
    const deadline = deadlineFor(settings.consumerTimeoutMs);
    this.#holdings = new Holdings({
      maxBodyBytes: settings.maxBodyBytes,
      link,
      republisher,
      host,
      receiver,
      deadline,
      // It notices after two heartbeats that nobody is there any more.
      brokerNoticesMs: 3_000 * settings.heartbeatSeconds + 30_000,
      consumption: () => this.#consumption,
    });
    this.#watch = new DeadlineWatch(host.clock, deadline.lookEveryMs, () => this.#checkDeadline());
    this.#nextTag = consumerTags(receiver.queue, host.instance);
    this.#resize();
  }

  start(onMessage: OnMessage, onError: OnError): Promise<void> {
    this.#starting = this.#start(onMessage, onError);
    return this.#starting;
  }

  changeConcurrency(concurrency: number): void {
    this.#concurrency = concurrency;
    this.#holdings.pump.changeConcurrency(concurrency);
    this.#resizing ??= this.#host.clock.setTimer(() => {
      this.#resize();
      this.#consumption?.resized();
    }, concurrencySettlesMs);
  }

  stop(signal: AbortSignal): Promise<void> {
    this.#stops += 1;
    this.#stopped = this.#stop(signal);
    return this.#stopped;
  }

  /** Messages that the broker has delivered and that are not settled, in a handler or before it. */
  get held(): number {
    return this.#holdings.size;
  }

  health(): ReceiverHealth {
    const { pump, copies } = this.#holdings;
    const paused =
      pump.pausedBecause ?? this.#link.problem ?? this.#consumption?.problem ?? copies.trouble;
    return pump.health(this.queue, paused);
  }

  #resize(): void {
    this.#resizing?.cancel();
    this.#resizing = undefined;
    const wanted = this.#concurrency * this.#settings.prefetchFactor;
    this.#holdings.resize(Math.min(wanted, mostPrefetch));
  }

  #checkDeadline(): void {
    const { queue } = this;
    const seconds = this.#settings.consumerTimeoutMs / 1_000;
    const reason = `RabbitMQ's consumer timeout of ${seconds} s was about to pass`;
    const messages = this.#holdings.giveBackLate(reason);
    if (messages === 0) return;
    this.#host.logger.warn({ queue, messages }, `Messages were given back, since ${reason}`);
  }

  async #start(onMessage: OnMessage, onError: OnError): Promise<void> {
    const stops = this.#stops;
    await this.#stopped;
    if (this.#consumption !== undefined) {
      throw new BusbarError('ALREADY_STARTED', `The receiver of "${this.queue}" is started.`, {
        help: 'Stop it before it is started again.',
      });
    }
    if (this.#stops !== stops) throw stoppedBefore(this.queue);
    const consumption = this.#newConsumption();
    this.#consumption = consumption;
    this.#holdings.begin();
    try {
      await consumption.start();
    } catch (error) {
      this.#consumption = undefined;
      this.#holdings.end();
      throw error;
    }
    if (this.#stops !== stops) throw stoppedBefore(this.queue);
    this.#watch.start();
    this.#holdings.pump.start(
      (attempt) => {
        const delivery = attempt.delivery as RabbitMqDelivery;
        delivery.begun = true;
        delivery.failed = false;
        return onMessage(attempt);
      },
      (failure) => {
        (failure.delivery as RabbitMqDelivery).failed = true;
        return onError(failure);
      },
    );
  }

  async #stop(signal: AbortSignal): Promise<void> {
    // Ends a start that is under way.
    void this.#consumption?.end();
    await untilAborted(this.#starting, signal);
    const holdings = this.#holdings;
    const consumption = this.#consumption;
    holdings.stopping();
    const ended = consumption?.end() ?? Promise.resolve();
    const stopped = holdings.pump.stop(signal);
    await untilAborted(ended, signal);
    holdings.giveBackRest();
    await stopped;
    holdings.giveBackRest();
    await untilAborted(holdings.copies.idle(), signal);
    if (!signal.aborted && consumption !== undefined)
      await untilAborted(consumption.flush(), signal);
    this.#watch.stop();
    holdings.end();
    if (consumption === undefined) return;
    const { channel } = consumption;
    let seen = false;
    const closed = consumption.close().then((answered) => {
      seen = answered;
    });
    await withGrace(closed, signal, this.#host.clock);
    if (channel !== undefined) holdings.channelClosed(channel, seen);
    if (this.#consumption === consumption) this.#consumption = undefined;
  }

  #newConsumption(): Consumption {
    const settings = {
      queue: this.queue,
      startWithinMs: this.#settings.connectTimeoutMs,
      ordered: this.#receiver.ordered,
      nextTag: this.#nextTag,
      refused: (refusal: BusbarError) => this.#refused(refusal),
    };
    return new Consumption(this.#link, this.#host, settings, this.#holdings);
  }

  #refused(refusal: BusbarError): void {
    const { queue } = this;
    const error = refusal.code === 'MISSING_QUEUE' ? queueRemoved(queue, refusal) : refusal;
    const { logger, onCritical } = this.#host;
    logger.error({ queue, err: error }, 'RabbitMQ does not deliver from a queue any more');
    try {
      onCritical(error);
    } catch (thrown) {
      logger.error({ queue, err: asError(thrown) }, 'The hook for critical errors threw');
    }
  }
}
