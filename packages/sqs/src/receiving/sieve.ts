import type { Message } from '@aws-sdk/client-sqs';
import { type Clock, type DispatchResult, type Logger, asError } from '@busbar/core';
import { sqsCapabilities } from '../capabilities.ts';
import { attributeNames } from '../message/wire-message.ts';
import type { ReadMessage } from '../message/wire-message.ts';
import type { KnownQueue } from '../topology/queue-directory.ts';
import { ChainCopies } from './chain-copies.ts';
import { aloneText, deliveriesOf, diedAlone, guardCountOf } from './guard-count.ts';
import { RecentIds } from './recent-ids.ts';
import { type Replacer, canBeGuarded } from './replacer.ts';
import { type Hold, SqsDelivery } from './sqs-delivery.ts';

/** What a {@link Sieve} works with. */
export interface SieveParts {
  readonly queue: KnownQueue;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly suspicionAfter: number;
  readonly replacer: Replacer;
  readonly read: (message: Message) => ReadMessage;
  /**
   * Where the delayed messages of an ordered queue wait.
   *
   * @throws BusbarError MISSING_QUEUE; an error of the SDK
   */
  readonly delayQueue: () => Promise<KnownQueue>;
  /** Deletes a message that is done with or has a copy. */
  readonly remove: (message: Message) => void;
}

/** Makes deliveries of messages, and keeps out those that are not to be handled now. */
export class Sieve {
  /** One that comes again, because it was not deleted in time, is deleted and not handled again. */
  readonly handled = new RecentIds();
  /** This process has lost its hold and lives: that they come again says nothing about them. */
  readonly #lost = new RecentIds();
  readonly #parts: SieveParts;
  readonly #copies = new ChainCopies();
  readonly #underWay = new Set<Promise<void>>();

  constructor(parts: SieveParts) {
    this.#parts = parts;
  }

  /** The delivery, or undefined for a message that was dealt with. */
  pass(message: Message, hold: Hold): SqsDelivery | undefined {
    const { queue, clock, read, remove } = this.#parts;
    const { MessageId: nativeId = '' } = message;
    if (this.handled.has(nativeId)) {
      remove(message);
      return undefined;
    }
    const content = read(message);
    const due = dueOf(message, clock.now());
    if (due > clock.now()) {
      this.#do(this.#hop(message, content, due));
      return undefined;
    }
    if (this.#copies.isSecond(message, content.headers)) {
      remove(message);
      return undefined;
    }
    const count = guardCountOf(message);
    if (diedAlone(count) && this.#lost.has(nativeId)) {
      this.#do(this.#replace(message, aloneText(count, true)));
      return undefined;
    }
    const suspect = deliveriesOf(count) > this.#parts.suspicionAfter;
    if (suspect && !queue.fifo && !count.alone && canBeGuarded(message)) {
      this.#do(this.#replace(message, aloneText(count, false)));
      return undefined;
    }
    const { headers, body, poison } = content;
    return new SqsDelivery(
      {
        nativeId,
        queue: queue.queue,
        headers,
        body,
        native: message,
        ...(poison !== undefined && { poison }),
      },
      count,
      diedAlone(count),
      hold,
      clock,
    );
  }

  /** Its visibility timeout passed while it was held. */
  lost({ nativeId, guard }: SqsDelivery): void {
    if (guard.alone) this.#lost.add(nativeId);
  }

  /** It is not held any more, and was not handled. */
  letGo({ native, headers }: SqsDelivery): void {
    this.#copies.forget(native, headers);
  }

  /** Gives back a message that is handled alone: as a copy, since coming again would count as a death. */
  giveBackAlone({ native, guard }: SqsDelivery, begun: boolean): Promise<void> {
    const work = this.#replace(native, begun ? aloneText(guard, true) : `${guard.earlier};alone`);
    this.#do(work);
    return work;
  }

  /** Resolves when nothing is under way any more. */
  async idle(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  #do(work: Promise<void>): void {
    this.#underWay.add(work);
    void work.finally(() => this.#underWay.delete(work));
  }

  async #replace(message: Message, guard: string): Promise<void> {
    const { queue, replacer } = this.#parts;
    await this.#put(message, 'A suspect message could not be marked, and comes again', async () =>
      replacer.guarded(queue, message, guard),
    );
  }

  async #hop(message: Message, { headers }: ReadMessage, due: number): Promise<void> {
    const { queue, replacer, delayQueue } = this.#parts;
    await this.#put(
      message,
      'A delayed message could not be delayed further, and comes again',
      async () => replacer.delayed(queue.fifo ? await delayQueue() : queue, message, headers, due),
    );
  }

  /** Puts a copy in the place of a message. Never rejects: then the message stays, and comes again. */
  async #put(
    message: Message,
    failure: string,
    send: () => Promise<DispatchResult>,
  ): Promise<void> {
    const { queue, logger, remove } = this.#parts;
    const { MessageId: nativeId = '' } = message;
    const fields = { queue: queue.queue, nativeId };
    try {
      const result = await send();
      if (result.outcome === 'confirmed') {
        // If it comes again before it is deleted, it must not get another copy.
        this.handled.add(nativeId);
        remove(message);
      } else logger.warn({ ...fields, reason: result.reason }, failure);
    } catch (error) {
      logger.warn({ ...fields, err: asError(error) }, failure);
    }
  }
}

/** How far the clocks of a sender and a receiver may be apart. */
const clocksApartMs = 24 * 60 * 60 * 1_000;

/** When the message is due; 0 for most, and for a delay that no sender of ours accepts: it would be delayed for ever. */
export function dueOf({ MessageAttributes }: Message, now: number): number {
  const due = Number(MessageAttributes?.[attributeNames.due]?.StringValue);
  const latest = now + sqsCapabilities.maxDelayMs + clocksApartMs;
  return Number.isSafeInteger(due) && due <= latest ? due : 0;
}
