import { type DispatchResult, type TransportHost, asError } from '@busbar/core';
import { ownHeaders } from '../message/properties.ts';
import type { Publication } from '../publishing/publication.ts';
import { movedCopy } from '../topology/stored-copy.ts';
import type { RabbitMqDelivery } from './rabbitmq-delivery.ts';
import { RetryDelay } from './retry-delay.ts';
import type { CopyCounts } from './start-count.ts';

/** Publishes what must not be lost; resolves with what became of it. */
export interface Republisher {
  /** @throws BusbarError TRANSPORT_UNAVAILABLE */
  publish(publication: Publication): Promise<DispatchResult>;
}

/** The receiver, as its copies see it. */
export interface CopiesOwner {
  /** A copy is stored, and the original could not be acknowledged: it comes again and is to be dropped. */
  originalComesAgain(nativeId: string): void;
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

  /** Never rejects. Where it fails the message itself goes back. */
  replace(delivery: RabbitMqDelivery, counts: CopyCounts): Promise<void> {
    delivery.copying = true;
    const work = this.#replace(delivery, counts);
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

  async #replace(delivery: RabbitMqDelivery, counts: CopyCounts): Promise<void> {
    const { queue, nativeId, deliveryCount } = delivery;
    const failure = await this.#publish(copyOf(delivery, counts));
    delivery.copying = false;
    const fields = { queue, nativeId, deliveryCount, alone: counts.alone !== undefined };
    if (failure === undefined) {
      this.#rest.reset();
      this.#host.logger.debug(fields, 'A copy took the place of a message');
      if (!delivery.channel.ack(delivery)) this.#owner.originalComesAgain(nativeId);
      return;
    }
    delivery.channel.giveBack(delivery, false);
    this.#host.logger.warn(
      { ...fields, reason: failure },
      'A message that was delivered before could not be stored again with its count, and went back',
    );
    this.#trouble = `a message that was delivered before could not be stored again: ${failure}`;
    this.#rest.begin(() => {
      this.#trouble = undefined;
      this.#owner.copiesWentOn();
    });
  }

  /** Why it was not stored. */
  async #publish(publication: Publication): Promise<string | undefined> {
    try {
      const result = await this.#republisher.publish(publication);
      return result.outcome === 'confirmed' ? undefined : result.reason;
    } catch (error) {
      return asError(error).message;
    }
  }
}

function copyOf(
  { native, queue }: RabbitMqDelivery,
  { deliveries, alone }: CopyCounts,
): Publication {
  const publication = movedCopy(native, queue, {});
  const headers: Record<string, unknown> = {
    ...publication.options.headers,
    [ownHeaders.deliveries]: String(deliveries),
  };
  if (alone !== undefined) headers[ownHeaders.alone] = String(alone);
  return { ...publication, options: { ...publication.options, headers } };
}
