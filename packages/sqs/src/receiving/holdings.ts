import type { Message, SQSClient } from '@aws-sdk/client-sqs';
import {
  BusbarError,
  type Clock,
  type DeliveryPump,
  type DeliverySource,
  type Timer,
  type TransportHost,
} from '@busbar/core';
import type { KnownQueue } from '../topology/queue-directory.ts';
import { Deleter } from './deleter.ts';
import type { Sieve } from './sieve.ts';
import type { SqsDelivery } from './sqs-delivery.ts';
import { Visibility, secondsToHold } from './visibility.ts';

/** What {@link Holdings} work with. */
export interface HoldingsParts {
  readonly client: SQSClient;
  readonly queue: KnownQueue;
  readonly host: TransportHost;
  readonly visibilitySeconds: number;
  readonly windowMs: number;
  readonly pump: () => DeliveryPump<SqsDelivery>;
  readonly sieve: () => Sieve;
  readonly suspicionAfter: number;
  /** Resolves when no poll is under way, whose messages nobody could have yet. */
  readonly pollsEnd: () => Promise<void>;
  /** Something was settled, given back or lost: more may be fetched. */
  readonly wentOn: () => void;
  /** AWS does not let messages be deleted: until it does, nothing more is handled. */
  readonly deletionRefused: (reason: string) => void;
}

/** Deletions wait this long for others; nobody waits for them, but in an ordered queue those behind them do. */
const deletionWindowMs = 25;
/** So long before its end a visibility timeout is taken to be over: the answer that told of it was under way. */
const marginPart = 0.1;
/** Messages that wait to be deleted before nothing more is received. */
const mostDeletions = 1_000;
/** A message that waits for a handler this long, while none ends, is given to others. */
const stuckMs = 2_000;

/** All messages that a receiver holds: what waits for a handler, what is handled, what is to be deleted. */
export class Holdings implements DeliverySource<SqsDelivery> {
  readonly #parts: HoldingsParts;
  readonly #clock: Clock;
  readonly #deleter: Deleter;
  readonly #visibility: Visibility;
  readonly #held = new Map<string, SqsDelivery>();
  readonly #givingBack = new Set<Promise<void>>();
  #buffer: SqsDelivery[] = [];
  #suspect: SqsDelivery | undefined;
  #deleting = 0;
  #deletionProblem: string | undefined;
  #tick: Timer | undefined;

  constructor(parts: HoldingsParts) {
    const { client, queue, host, windowMs } = parts;
    this.#parts = parts;
    this.#clock = host.clock;
    const deletionsMs = queue.fifo ? windowMs : Math.max(windowMs, deletionWindowMs);
    this.#deleter = new Deleter(client, queue.url, host.clock, deletionsMs, {
      refused: (reason) => {
        this.giveBackBuffer();
        parts.deletionRefused(reason);
      },
      allowed: () => {
        host.logger.info({ queue: queue.queue }, 'Handled messages are deleted again');
        parts.wentOn();
      },
    });
    this.#visibility = new Visibility(client, queue.url, host.clock, windowMs);
  }

  /** Messages that wait for a handler. */
  get buffered(): number {
    return this.#buffer.length;
  }

  /** A suspect is held, beside which nothing else is. */
  get holdsSuspect(): boolean {
    const suspect = this.#suspect;
    if (suspect === undefined || suspect.handled || suspect.lost) return false;
    return this.#held.get(suspect.nativeId) === suspect;
  }

  /** Why nothing more is received for now. */
  get problem(): string | undefined {
    const { refusal } = this.#deleter;
    if (refusal !== undefined) return `handled messages cannot be deleted: ${refusal}`;
    return this.#deleting > mostDeletions ? this.#deletionProblem : undefined;
  }

  /** Takes what a poll brought. Nothing is pushed before {@link feed}. */
  take(messages: readonly Message[], at: number): void {
    const deadline = at + this.#parts.visibilitySeconds * 1_000 * (1 - marginPart);
    for (const message of messages) {
      const before = this.#held.get(message.MessageId ?? '');
      if (before !== undefined) this.#cameAgain(before);
      const delivery = this.#parts.sieve().pass(message, { since: at, deadline });
      if (delivery === undefined) continue;
      this.#held.set(delivery.nativeId, delivery);
      this.#buffer.push(delivery);
    }
    this.#arm();
    this.feed();
    if (this.holdsSuspect) this.giveBackBuffer();
  }

  /** Pushes what the pump has room for: of each key the first, and none whose key is busy. */
  feed(): void {
    const pump = this.#parts.pump();
    if (this.#deleter.refusal !== undefined) this.giveBackBuffer();
    let skipped: Set<string> | undefined;
    for (let index = 0; index < this.#buffer.length && pump.room > 0;) {
      const delivery = this.#buffer[index] as SqsDelivery;
      const { lane } = delivery;
      if (lane !== undefined && (skipped?.has(lane) === true || !pump.takesKey(lane))) {
        (skipped ??= new Set()).add(lane);
        index += 1;
        continue;
      }
      this.#buffer.splice(index, 1);
      const suspect = delivery.deliveryCount > this.#parts.suspicionAfter;
      // A process that dies over a suspect should take nothing else along.
      if (suspect) {
        this.#suspect = delivery;
        this.giveBackBuffer();
      }
      pump.push(delivery);
      if (suspect) return;
    }
  }

  roomGrew(): void {
    if (this.#buffer.length > 0) this.feed();
    this.#parts.wentOn();
  }

  /** Returns at once: it is deleted with others, and what comes again meanwhile is not handled again. */
  settle(delivery: SqsDelivery): void {
    delivery.handled = true;
    this.#parts.sieve().handled.add(delivery.nativeId);
    this.remove(delivery.native, () => this.#drop(delivery));
  }

  /** Deletes a message that is done with. */
  remove(message: Message, then?: () => void): void {
    this.#deleting += 1;
    this.#deleter.add({
      receiptHandle: message.ReceiptHandle ?? '',
      done: (failure) => {
        this.#deleting -= 1;
        this.#deletionProblem = failure;
        if (failure !== undefined) this.#notDeleted(message, failure);
        then?.();
        if (this.#deleting === mostDeletions) this.#parts.wentOn();
      },
    });
  }

  async release(delivery: SqsDelivery, begun: boolean): Promise<void> {
    await Promise.all([this.#giveBack(delivery, begun), this.#giveBackBehind(delivery)]);
    if (this.#parts.queue.fifo) this.#parts.wentOn();
  }

  holdLost(delivery: SqsDelivery): Promise<void> {
    return this.#giveBackBehind(delivery);
  }

  /**
   * Nothing to note: a message that is handled alone says so since it was sent again; see {@link Sieve}. But what else
   * is held must be back before: if the process dies, it would look as if it had died over that. And the original of a
   * copy must be gone: it would come again after each death, and make one more copy.
   */
  async markAlone(): Promise<void> {
    do {
      this.giveBackBuffer();
      await this.#parts.pollsEnd();
      await Promise.all(this.#givingBack);
      await this.#parts.sieve().idle();
      await this.#deleter.tried();
    } while (this.#buffer.length > 0 || this.#givingBack.size > 0);
    const { problem } = this;
    if (problem === undefined) return;
    const { queue } = this.#parts.queue;
    throw new BusbarError(
      'TRANSPORT_UNAVAILABLE',
      `A suspect message of "${queue}" is not handled for now: ${problem}.`,
      { details: { queue } },
    );
  }

  giveBackBuffer(): void {
    for (const delivery of this.#buffer.splice(0)) void this.#giveBack(delivery, false);
  }

  /** What a poll brought after the stop. */
  giveBackMessages(messages: readonly Message[]): void {
    for (const { ReceiptHandle = '' } of messages) void this.#visibility.giveBack(ReceiptHandle);
  }

  /** Resolves when all that was settled and given back is so for SQS too. */
  async flush(): Promise<void> {
    await this.#parts.sieve().idle();
    await Promise.all([this.#deleter.flush(), this.#visibility.flush()]);
  }

  end(): void {
    this.#tick?.cancel();
    this.#tick = undefined;
  }

  #giveBack(delivery: SqsDelivery, begun: boolean): Promise<void> {
    const work = this.#giveBackOne(delivery, begun);
    this.#givingBack.add(work);
    void work.finally(() => this.#givingBack.delete(work));
    return work;
  }

  async #giveBackOne(delivery: SqsDelivery, begun: boolean): Promise<void> {
    const current = this.#held.get(delivery.nativeId) === delivery;
    if (current) this.#letGo(delivery);
    // Whoever has it now got it with another receipt; but a stop gives back what it has fenced.
    if (!current || delivery.overdue) return;
    // While nothing can be deleted, each new copy would be one more.
    if (delivery.guard.alone && !delivery.diedAlone && this.#deleter.refusal === undefined) {
      await this.#parts.sieve().giveBackAlone(delivery, begun);
      return;
    }
    const result = await this.#visibility.giveBack(delivery.receiptHandle);
    if (result.outcome !== 'failed') return;
    const { nativeId } = delivery;
    const fields = { queue: this.#parts.queue.queue, nativeId, reason: result.reason };
    this.#parts.host.logger.warn(
      fields,
      'A message could not be given back, and comes when its visibility timeout ends',
    );
  }

  /** What goes back, in whatever way, takes along those of its key that came after it, or they would overtake it. */
  async #giveBackBehind({ lane }: SqsDelivery): Promise<void> {
    if (lane === undefined) return;
    const behind = this.#buffer.filter((each) => each.lane === lane);
    if (behind.length === 0) return;
    this.#buffer = this.#buffer.filter((each) => each.lane !== lane);
    await Promise.all(behind.map((each) => this.#giveBack(each, false)));
  }

  /** SQS delivers a message that we hold: the timeout passed, or somebody ended it. */
  #cameAgain(delivery: SqsDelivery): void {
    this.#leave(delivery);
    delivery.lose('SQS delivered the message again');
  }

  #leave(delivery: SqsDelivery): void {
    if (delivery.handled) this.#drop(delivery);
    else {
      this.#parts.sieve().lost(delivery);
      this.#letGo(delivery);
    }
    const index = this.#buffer.indexOf(delivery);
    if (index !== -1) this.#buffer.splice(index, 1);
    if (!delivery.handled) void this.#giveBackBehind(delivery);
  }

  #letGo(delivery: SqsDelivery): void {
    this.#drop(delivery);
    this.#parts.sieve().letGo(delivery);
  }

  #drop(delivery: SqsDelivery): void {
    if (this.#held.get(delivery.nativeId) === delivery) this.#held.delete(delivery.nativeId);
  }

  #notDeleted({ MessageId: nativeId }: Message, reason: string): void {
    const fields = { queue: this.#parts.queue.queue, nativeId, reason };
    this.#parts.host.logger.warn(
      fields,
      'A handled message could not be deleted; when it comes again it is deleted then',
    );
  }

  #arm(): void {
    if (this.#tick !== undefined || this.#held.size === 0) return;
    const everyMs = Math.min(1_000, this.#parts.visibilitySeconds * 200);
    this.#tick = this.#clock.setTimer(
      () => {
        this.#tick = undefined;
        this.#look();
        this.#arm();
      },
      everyMs,
      true,
    );
  }

  #look(): void {
    const now = this.#clock.monotonic();
    const { visibilitySeconds } = this.#parts;
    const half = visibilitySeconds * 500;
    const pump = this.#parts.pump();
    if (this.#buffer.length > 0 && pump.msSinceProgress > stuckMs) this.giveBackBuffer();
    for (const delivery of this.#held.values()) {
      if (delivery.lost) this.#lost(delivery);
      else if (delivery.deadline - now < half && !delivery.atLimit) void this.#renew(delivery);
    }
  }

  async #renew(delivery: SqsDelivery): Promise<void> {
    const { visibilitySeconds } = this.#parts;
    const now = this.#clock.monotonic();
    const seconds = secondsToHold(visibilitySeconds, now - delivery.since);
    if (now + seconds * 1_000 <= delivery.deadline) return;
    const result = await this.#visibility.extend(delivery.receiptHandle, seconds);
    if (delivery.lost || this.#held.get(delivery.nativeId) !== delivery) return;
    if (result.outcome === 'changed') {
      delivery.deadline = result.at + seconds * 1_000 * (1 - marginPart / 2);
      delivery.atLimit = seconds < visibilitySeconds;
    } else if (result.outcome === 'lost' && !delivery.handled) {
      delivery.lose(`SQS does not let it be held any longer: ${result.reason}`);
      this.#lost(delivery);
    }
  }

  #lost(delivery: SqsDelivery): void {
    this.#leave(delivery);
    const { queue, host } = this.#parts;
    if (delivery.handled) return;
    const fields = { queue: queue.queue, nativeId: delivery.nativeId };
    host.logger.warn(
      fields,
      'The visibility timeout of a message that is handled passed: it may be handled twice',
    );
  }
}
