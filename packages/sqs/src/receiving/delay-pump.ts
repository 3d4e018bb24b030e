import type { Message } from '@aws-sdk/client-sqs';
import { BusbarError, type TransportHost, asError, pause } from '@busbar/core';
import type { Clients } from '../clients/clients.ts';
import { type SdkFailure, failureOf, failureText } from '../clients/sdk-error.ts';
import { receiveEntries } from '../message/limits.ts';
import { fromWire } from '../message/wire-message.ts';
import type { SqsSettings } from '../sqs-options.ts';
import { companions } from '../topology/names.ts';
import {
  type KnownQueue,
  type QueueDirectory,
  toBusbarError,
} from '../topology/queue-directory.ts';
import { reportCritical } from './critical-report.ts';
import { Deleter } from './deleter.ts';
import { Poller } from './poller.ts';
import type { Replacer } from './replacer.ts';
import { dueOf } from './sieve.ts';

/** What a {@link DelayPump} works with. */
export interface DelayPumpParts {
  readonly clients: Clients;
  readonly host: TransportHost;
  readonly queues: QueueDirectory;
  readonly replacer: Replacer;
  readonly settings: SqsSettings;
  /** The ordered queue. */
  readonly queue: KnownQueue;
}

/** The queue of delayed messages, while it is there. */
interface Waiting {
  readonly queue: KnownQueue;
  readonly deleter: Deleter;
  readonly poller: Poller;
}

const firstPauseMs = 1_000;
const longestPauseMs = 30_000;
const notBrought = 'Delayed messages of an ordered queue are not brought to it';

/** Beside the receiver of an ordered queue: brings its delayed messages to it when they are due. */
export class DelayPump {
  readonly #parts: DelayPumpParts;
  readonly #name: string;
  #waiting: Waiting | undefined;
  #running: AbortController | undefined;
  #problem: string | undefined;
  #deletionProblem: string | undefined;
  #told = false;
  readonly #underWay = new Set<Promise<void>>();

  constructor(parts: DelayPumpParts) {
    this.#parts = parts;
    this.#name = `${parts.queue.queue}${companions.delay}`;
  }

  /** Why delayed messages stay where they are for now. */
  get problem(): string | undefined {
    const problem = this.#problem ?? this.#waiting?.poller.problem ?? this.#deletionProblem;
    return problem === undefined ? undefined : `delayed messages are not brought: ${problem}`;
  }

  /**
   * Whether the queue is there, before anything is received. What else may be wrong with the look-up passes.
   *
   * @throws BusbarError MISSING_QUEUE
   */
  async check(): Promise<void> {
    const { host, queues } = this.#parts;
    try {
      await queues.get(this.#name);
    } catch (error) {
      if (error instanceof BusbarError) throw this.#named(error);
      const fields = { queue: this.#name, err: asError(error) };
      host.logger.warn(fields, 'The queue of delayed messages could not be looked up');
    }
  }

  start(): void {
    this.#running = new AbortController();
    this.#told = false;
    if (this.#waiting === undefined) void this.#look(this.#running.signal);
    else this.#waiting.poller.wake();
  }

  async stop(): Promise<void> {
    this.#running?.abort();
    this.#running = undefined;
    this.#problem = undefined;
    this.#waiting?.poller.stop();
    await Promise.all(this.#underWay);
    await this.#waiting?.deleter.flush();
  }

  async idle(): Promise<void> {
    await this.#waiting?.poller.idle();
  }

  cut(): void {
    this.#waiting?.poller.cut();
  }

  /** Until it is found: it may be provisioned later, and a look-up may fail for many a reason. */
  async #look(signal: AbortSignal): Promise<void> {
    const { host, queues } = this.#parts;
    for (let tries = 0; !signal.aborted; tries += 1) {
      try {
        const found = await queues.get(this.#name);
        if (!signal.aborted) this.#begin(found);
        return;
      } catch (error) {
        if (!signal.aborted) this.#failed(error);
      }
      const longest = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(10, tries));
      await pause(host.clock, longest * (0.5 + Math.random() / 2), signal);
    }
  }

  #failed(thrown: unknown): void {
    const { host, queue } = this.#parts;
    const mendable = thrown instanceof BusbarError || failureOf(thrown) === 'denied';
    const error = this.#named(
      toBusbarError(thrown, `finding the queue "${this.#name}"`, 'sqs:GetQueueUrl'),
    );
    this.#problem = thrown instanceof BusbarError ? thrown.message : failureText(thrown);
    if (!mendable) host.logger.warn({ queue: queue.queue, err: error }, notBrought);
    else if (!this.#told) {
      this.#told = true;
      reportCritical(host, queue.queue, error, notBrought);
    }
  }

  #named(error: BusbarError): BusbarError {
    if (error.code !== 'MISSING_QUEUE') return error;
    return new BusbarError(
      'MISSING_QUEUE',
      `SQS has no queue "${this.#name}", in which the delayed messages of the ordered queue "${this.#parts.queue.queue}" wait.`,
      {
        help: 'Provision the endpoint again: `endpoint.provision()` makes what is missing.',
        details: { queue: this.#name },
      },
    );
  }

  #begin(queue: KnownQueue): void {
    const { clients, host, settings } = this.#parts;
    const { logger, clock } = host;
    this.#problem = undefined;
    this.#told = false;
    const deleter = new Deleter(clients.sending, queue.url, clock, settings.batchWindowMs);
    const poller: Poller = new Poller({
      client: clients.receiving,
      url: queue.url,
      clock,
      visibilitySeconds: settings.visibilitySeconds,
      waitSeconds: settings.pollSeconds,
      wanted: () =>
        this.#running !== undefined && this.#waiting?.poller === poller ? receiveEntries : 0,
      most: () => 1,
      received: (messages) => this.#received(queue, deleter, messages),
      failed: (failure, reason) => this.#notReceived(poller, failure, reason),
      recovered: () => {
        this.#told = false;
        logger.info({ queue: this.#name }, 'Delayed messages are received again');
      },
    });
    this.#waiting = { queue, deleter, poller };
    poller.wake();
  }

  #notReceived(poller: Poller, failure: SdkFailure, reason: string): void {
    const { host, queue, queues } = this.#parts;
    if (this.#running === undefined || this.#waiting?.poller !== poller) return;
    if (failure === 'missing') {
      // Another one may come, and until then the look-up says what is wrong.
      this.#waiting = undefined;
      queues.forget(this.#name);
      void this.#look(this.#running.signal);
    } else if (failure === 'denied' && !this.#told) {
      this.#told = true;
      const error = new BusbarError(
        'TRANSPORT_UNAVAILABLE',
        `AWS does not allow receiving from "${this.#name}": ${reason}.`,
        {
          help: 'Give the identity of the option `credentials` the right `sqs:ReceiveMessage`.',
          details: { queue: this.#name },
        },
      );
      reportCritical(host, queue.queue, error, notBrought);
    } else host.logger.warn({ queue: this.#name, reason }, notBrought);
  }

  #received(waiting: KnownQueue, deleter: Deleter, messages: readonly Message[]): void {
    for (const message of messages) {
      const work = this.#bring(waiting, deleter, message);
      this.#underWay.add(work);
      void work.finally(() => this.#underWay.delete(work));
    }
  }

  async #bring(waiting: KnownQueue, deleter: Deleter, message: Message): Promise<void> {
    const { host, replacer, queue } = this.#parts;
    const { headers } = fromWire(message);
    const due = dueOf(message, host.clock.now());
    const result =
      due > host.clock.now()
        ? await replacer.delayed(waiting, message, headers, due)
        : await replacer.due(queue, message, headers);
    if (result.outcome !== 'confirmed') {
      const fields = { queue: queue.queue, nativeId: message.MessageId, reason: result.reason };
      host.logger.warn(
        fields,
        'A delayed message could not be brought to its queue, and is tried again',
      );
      return;
    }
    await new Promise<void>((resolve) => {
      deleter.add({
        receiptHandle: message.ReceiptHandle ?? '',
        done: (failure) => {
          this.#deletionProblem = failure;
          resolve();
        },
      });
    });
  }
}
