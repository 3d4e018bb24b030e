import { type TransportHost, asError } from '@busbar/core';
import type { Publication } from '../publishing/publication.ts';
import type { Published } from '../publishing/publisher.ts';
import { countedCopy } from '../topology/stored-copy.ts';
import type { RabbitMqDelivery } from './rabbitmq-delivery.ts';
import { RetryDelay } from './retry-delay.ts';
import type { CopyCounts } from './start-count.ts';

/** Publishes what must not be lost; resolves with what became of it. */
export interface Republisher {
  /** @throws BusbarError TRANSPORT_UNAVAILABLE */
  publish(publication: Publication): Promise<Published>;
}

/** The receiver, as its copies see it. */
export interface CopiesOwner {
  /** A copy is stored, and the original could not be acknowledged: it comes again and is to be dropped. */
  originalComesAgain(nativeId: string): void;
  /** No copy could be stored, so the message itself goes back. */
  goesBack(delivery: RabbitMqDelivery): void;
  /** One copy less is under way, or {@link Copies.trouble} has ended. */
  copiesWentOn(): void;
}

const firstRestMs = 1_000;
const longestRestMs = 30_000;

/** Puts a copy with other counts in the place of a message: at the end of the queue, confirmed before the message leaves. */
export class Copies {
  readonly #republisher: Republisher;
  readonly #host: TransportHost;
  readonly #owner: CopiesOwner;
  readonly #rest: RetryDelay;
  readonly #underWay = new Set<Promise<void>>();
  #trouble: string | undefined;

  constructor(republisher: Republisher, host: TransportHost, owner: CopiesOwner) {
    this.#republisher = republisher;
    this.#host = host;
    this.#owner = owner;
    this.#rest = new RetryDelay(host.clock, firstRestMs, longestRestMs);
  }

  /** Why copies cannot be made for now; without a rest each would come again at once. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /**
   * Never rejects. Where it fails the message itself goes back.
   *
   * @param without What is done instead when there can be no copy, now or later: the queue is full and refuses it.
   */
  replace(delivery: RabbitMqDelivery, counts: CopyCounts, without?: () => void): Promise<void> {
    delivery.copying = true;
    const work = this.#replace(delivery, counts, without);
    this.#underWay.add(work);
    void work.then(() => {
      this.#underWay.delete(work);
      this.#owner.copiesWentOn();
    });
    return work;
  }

  get underWay(): number {
    return this.#underWay.size;
  }

  /** Resolves when none is under way any more. */
  async idle(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  stop(): void {
    this.#rest.cancel();
    this.#rest.reset();
    this.#trouble = undefined;
  }

  async #replace(
    delivery: RabbitMqDelivery,
    counts: CopyCounts,
    without: (() => void) | undefined,
  ): Promise<void> {
    const { queue, nativeId, deliveryCount } = delivery;
    const { logger } = this.#host;
    const failure = await this.#publish(countedCopy(delivery.native, queue, counts));
    delivery.copying = false;
    const fields = { queue, nativeId, deliveryCount, alone: counts.alone !== undefined };
    if (failure === undefined) {
      this.#rest.reset();
      logger.debug(fields, 'A copy took the place of a message');
      if (!delivery.channel.ackAtOnce(delivery)) this.#owner.originalComesAgain(nativeId);
      return;
    }
    const { reason, refused } = failure;
    const text = 'A message that was delivered before could not be stored again with its count';
    if (refused === true && without !== undefined && delivery.channel.open && !delivery.ended) {
      logger.warn({ ...fields, reason }, `${text}, and is handled without`);
      without();
      return;
    }
    this.#owner.goesBack(delivery);
    delivery.channel.giveBack(delivery, false);
    logger.warn({ ...fields, reason }, `${text}, and went back`);
    this.#trouble = `a message that was delivered before could not be stored again: ${reason}`;
    this.#rest.begin(() => {
      this.#trouble = undefined;
      this.#owner.copiesWentOn();
    });
  }

  /** Why it was not stored. */
  async #publish(
    publication: Publication,
  ): Promise<{ readonly reason: string; readonly refused?: boolean } | undefined> {
    try {
      const result = await this.#republisher.publish(publication);
      return result.outcome === 'confirmed' ? undefined : result;
    } catch (error) {
      return { reason: asError(error).message };
    }
  }
}
