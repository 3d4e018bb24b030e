import type { ServiceBusClient } from '@azure/service-bus';
import {
  BusbarError,
  type OnError,
  type OnMessage,
  type Receiver,
  type ReceiverHealth,
  type ReceiverSettings,
  type TransportHost,
  asError,
  pause,
  untilAborted,
  withGrace,
} from '@busbar/core';
import Long from 'long';
import { serviceBusCapabilities } from '../capabilities.ts';
import { receiverOptions } from '../connection/clients.ts';
import { type FailureKind, kindOf, textOf, toBusbarError } from '../connection/service-failure.ts';
import type { ServiceBusSettings } from '../service-bus-options.ts';
import { Holdings } from './holdings.ts';
import type { Intake } from './intake.ts';
import type { ServiceBusDelivery } from './service-bus-delivery.ts';
import { SessionIntake } from './session-intake.ts';
import { type Neighbour, processSolitude } from './solitude.ts';
import { StreamIntake } from './stream-intake.ts';

/** The service ends what it is asked to within 200 ms, or the SDK closes the link. */
const quietMs = 2_000;

/** Takes from one queue while it is started. */
export class ServiceBusReceiver implements Receiver, Neighbour {
  readonly queue: string;
  readonly #client: ServiceBusClient;
  readonly #host: TransportHost;
  readonly #settings: ServiceBusSettings;
  readonly #receiver: ReceiverSettings;
  readonly #holdings: Holdings;
  #concurrency: number;
  #intake: Intake | undefined;
  #started = false;
  #stops = 0;
  /** Something is handled alone, and the intake is quiet for it. */
  #aside = false;
  /** Intakes that were quiet for a message that was handled alone, and that it may be settled over. */
  readonly #former = new Set<Intake>();
  #starting: Promise<void> = Promise.resolve();
  #stopped: Promise<void> = Promise.resolve();

  constructor(
    client: ServiceBusClient,
    settings: ServiceBusSettings,
    host: TransportHost,
    receiver: ReceiverSettings,
  ) {
    this.queue = receiver.queue;
    this.#client = client;
    this.#host = host;
    this.#settings = settings;
    this.#receiver = receiver;
    this.#concurrency = receiver.concurrency;
    const { lockDurationMs, retries, nativeMessages } = settings;
    const { maxBodyBytes } = serviceBusCapabilities(settings);
    this.#holdings = new Holdings({
      host,
      receiver,
      lockDurationMs,
      retries,
      maxBodyBytes,
      nativeMessages,
      solitude: processSolitude,
    });
  }

  /** Messages that the service has locked for it. */
  get held(): number {
    return this.#holdings.size;
  }

  start(onMessage: OnMessage, onError: OnError): Promise<void> {
    this.#starting = this.#start(onMessage, onError);
    return this.#starting;
  }

  changeConcurrency(concurrency: number): void {
    this.#concurrency = concurrency;
    this.#holdings.pump.changeConcurrency(concurrency);
    this.#intake?.resize(concurrency);
  }

  stop(signal: AbortSignal): Promise<void> {
    this.#stops += 1;
    this.#stopped = this.#stop(signal);
    return this.#stopped;
  }

  async standAside(alone: ServiceBusDelivery): Promise<void> {
    const holdings = this.#holdings;
    const intake = this.#intake;
    if (intake === undefined || !holdings.pump.accepting) return;
    this.#aside = true;
    const quiet = this.#withinQuietTime(intake.quiet());
    holdings.shut(quiet);
    await quiet;
    if (!this.#aside) return;
    holdings.giveBackRest();
    await this.#withinQuietTime(Promise.all([holdings.idle(), intake.isolate(alone)]));
  }

  /** Over a new intake, since a link that was closed is not opened again. */
  goOn(): void {
    const former = this.#intake;
    if (!this.#aside || former === undefined) return;
    this.#aside = false;
    if (!this.#holdings.pump.accepting) return;
    this.#former.add(former);
    this.#intake = this.#newIntake();
    this.#holdings.open();
    this.#intake.start();
    void this.#closeFormer(former);
  }

  health(): ReceiverHealth {
    const { pump } = this.#holdings;
    return pump.health(this.queue, pump.pausedBecause ?? this.#intake?.problem);
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
      await this.#checkQueue();
      if (this.#stops !== stops) throw stoppedBefore(this.queue);
    } catch (error) {
      this.#started = false;
      throw error;
    }
    const intake = this.#newIntake();
    this.#intake = intake;
    this.#holdings.open();
    processSolitude.join(this);
    this.#holdings.pump.start(onMessage, onError);
    intake.start();
  }

  /** The SDK would try for ever to receive from a queue that does not exist. */
  async #checkQueue(): Promise<void> {
    const receiver = this.#client.createReceiver(this.queue, receiverOptions);
    try {
      await receiver.peekMessages(1, { fromSequenceNumber: Long.ZERO });
    } catch (error) {
      const what = `receiving from the queue "${this.queue}"`;
      if (kindOf(error) !== 'missing') {
        throw toBusbarError(error, what, this.#settings.address.host);
      }
      throw new BusbarError('MISSING_QUEUE', `The queue "${this.queue}" does not exist.`, {
        details: { queue: this.queue },
        cause: error,
      });
    } finally {
      await receiver.close().catch(() => undefined);
    }
  }

  #newIntake(): Intake {
    const { queue } = this;
    const { clock, logger } = this.#host;
    const { prefetchFactor } = this.#settings;
    const owner = { refused: (kind: FailureKind, error: unknown) => this.#refused(kind, error) };
    const parts = {
      client: this.#client,
      queue,
      concurrency: this.#concurrency,
      clock,
      holdings: this.#holdings,
      owner,
    };
    return this.#receiver.ordered
      ? new SessionIntake(parts)
      : new StreamIntake({ ...parts, prefetchFactor, logger });
  }

  async #stop(signal: AbortSignal): Promise<void> {
    const { clock } = this.#host;
    // A start that fails tells who started it.
    await untilAborted(this.#starting, signal);
    const holdings = this.#holdings;
    const intake = this.#intake;
    this.#aside = false;
    const quiet = this.#withinQuietTime(intake?.quiet());
    holdings.shut(quiet);
    const stopped = holdings.pump.stop(signal);
    await untilAborted(quiet, signal);
    holdings.giveBackRest();
    await stopped;
    holdings.giveBackRest();
    await withGrace(holdings.idle(), signal, clock);
    const intakes = [...this.#former, ...(intake === undefined ? [] : [intake])];
    await withGrace(Promise.all(intakes.map((each) => each.close())), signal, clock);
    if (this.#intake !== intake) return;
    holdings.locks.end();
    processSolitude.leave(this);
    this.#intake = undefined;
    this.#started = false;
  }

  async #closeFormer(former: Intake): Promise<void> {
    // What was alone goes back over it, and what waited in the pump for that to end is settled over it.
    await former.closeWhenLeft();
    this.#former.delete(former);
  }

  async #withinQuietTime(ending: Promise<unknown> | undefined): Promise<void> {
    if (ending === undefined) return;
    const over = new AbortController();
    const waited = pause(this.#host.clock, quietMs, over.signal);
    await Promise.race([ending, waited]);
    over.abort();
  }

  #refused(kind: FailureKind, cause: unknown): void {
    const { queue } = this;
    const { logger, onCritical } = this.#host;
    const error =
      kind === 'missing'
        ? new BusbarError('MISSING_QUEUE', `The queue "${queue}" was removed.`, {
            help: 'Provision the endpoint; the receiver goes on by itself once the queue is there.',
            details: { queue },
            cause,
          })
        : new BusbarError(
            'TRANSPORT_UNAVAILABLE',
            `Azure Service Bus refuses to deliver from the queue "${queue}": ${textOf(cause)}`,
            {
              help: 'Check the key or credential, and that it has the right Listen; the receiver goes on by itself.',
              details: { queue },
              cause,
            },
          );
    logger.error({ queue, err: error }, 'Azure Service Bus does not deliver from a queue any more');
    try {
      onCritical(error);
    } catch (thrown) {
      logger.error({ queue, err: asError(thrown) }, 'The hook for critical errors threw');
    }
  }
}

function stoppedBefore(queue: string): BusbarError {
  return new BusbarError(
    'STOPPED',
    `The receiver of "${queue}" was stopped before it had started.`,
    { help: 'Start it again.' },
  );
}
