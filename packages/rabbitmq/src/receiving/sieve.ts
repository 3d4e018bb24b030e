import type { ConsumeMessage } from 'amqplib';
import type { ReceiverSettings, TransportHost } from '@busbar/core';
import type { Link } from '../connection/link.ts';
import { noteReceived } from '../message/received-bodies.ts';
import type { ConsumerChannel } from './consumer-channel.ts';
import type { Copies } from './copies.ts';
import type { OwnReturns } from './own-returns.ts';
import { RabbitMqDelivery } from './rabbitmq-delivery.ts';
import {
  type StartCount,
  copyOnArrival,
  diedAlone,
  firstStart,
  remembered,
  startCountOf,
} from './start-count.ts';
import type { UnsureAcks } from './unsure-acks.ts';

/** A quorum queue of RabbitMQ 4 drops a message after 20 deliveries, unless it was told otherwise. */
const worryingStarts = 15;
const firstMajorWithLimit = 4;

/** What a {@link Sieve} asks and tells. */
export interface SieveParts {
  readonly maxBodyBytes: number;
  readonly receiver: ReceiverSettings;
  readonly host: TransportHost;
  readonly link: Link;
  readonly copies: Copies;
  readonly unsure: UnsureAcks;
  readonly returned: OwnReturns;
  /** Takes a message of which there can be no copy. */
  readonly uncopied: (delivery: RabbitMqDelivery) => void;
}

/** Makes deliveries of messages, and keeps those out that were handled before or need a copy first. */
export class Sieve {
  readonly #parts: SieveParts;
  #warned = false;

  constructor(parts: SieveParts) {
    this.#parts = parts;
  }

  /** Returns undefined for a message that is seen to here. */
  sift(message: ConsumeMessage, channel: ConsumerChannel): RabbitMqDelivery | undefined {
    noteReceived(message.content, this.#parts.maxBodyBytes);
    const count = startCountOf(message);
    const delivery = this.#make(message, channel, count, false);
    if (count === firstStart) {
      channel.hold(delivery);
      return delivery;
    }
    return this.#siftAgain(delivery);
  }

  /** The same message, taken back without the broker. */
  again(before: RabbitMqDelivery): RabbitMqDelivery {
    const { count, begun, channel, diedAlone: died } = before;
    const counted = begun ? { ...count, local: count.local + 1 } : count;
    const again = this.#make(before.native, channel, counted, died, before.arrivedAt);
    channel.replace(before, again);
    return again;
  }

  #siftAgain(delivery: RabbitMqDelivery): RabbitMqDelivery | undefined {
    const { channel, nativeId, native } = delivery;
    const { unsure, returned, copies, receiver, host } = this.#parts;
    if (native.fields.redelivered && unsure.recognise(delivery)) {
      const { queue } = receiver;
      channel.hold(delivery);
      channel.ack(delivery);
      host.logger.debug(
        { queue, nativeId },
        'Recognised as handled before; its acknowledgement was lost',
      );
      return undefined;
    }
    const ours = native.fields.redelivered ? returned.get(nativeId) : undefined;
    if (receiver.ordered) return this.#inOrder(delivery);
    if (ours !== undefined) returned.forget(nativeId);
    const count = ours === undefined ? delivery.count : remembered(delivery.count, ours);
    const { suspicionAfter } = receiver;
    const copy = copyOnArrival({ count, suspicionAfter, wasOurs: ours !== undefined });
    if (copy === undefined) return this.#judged(delivery, count, diedAlone(count));
    channel.hold(delivery);
    void copies.replace(delivery, copy, () => this.#parts.uncopied(delivery));
    return undefined;
  }

  /** The broker's count says nothing of who died, and no copy may take the message's place: it is never given up. */
  #inOrder(delivery: RabbitMqDelivery): RabbitMqDelivery {
    this.#warnOfLimit(delivery.count);
    return this.#judged(delivery, delivery.count, false);
  }

  #judged(delivery: RabbitMqDelivery, count: StartCount, died: boolean): RabbitMqDelivery {
    const { native, channel, arrivedAt } = delivery;
    const same = !died && count === delivery.count;
    const judged = same ? delivery : this.#make(native, channel, count, died, arrivedAt);
    channel.hold(judged);
    return judged;
  }

  #make(
    message: ConsumeMessage,
    channel: ConsumerChannel,
    count: StartCount,
    died: boolean,
    at = this.#parts.host.clock.monotonic(),
  ): RabbitMqDelivery {
    const { queue } = this.#parts.receiver;
    return new RabbitMqDelivery(message, { channel, queue, count, diedAlone: died, at });
  }

  /** Elsewhere a copy takes the place of such a message; here it would lose its place. */
  #warnOfLimit({ here }: StartCount): void {
    const { link, host, receiver } = this.#parts;
    const major = link.session?.server.major ?? 0;
    if (this.#warned || here < worryingStarts || major < firstMajorWithLimit) return;
    this.#warned = true;
    const { queue } = receiver;
    host.logger.error(
      { queue, deliveries: here },
      `A message of the ordered queue "${queue}" was delivered ${here} times. RabbitMQ drops it after 20, unless the queue has a higher delivery-limit, by a policy or by its argument x-delivery-limit`,
    );
  }
}
