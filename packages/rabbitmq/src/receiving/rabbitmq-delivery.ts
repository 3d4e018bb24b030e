import type { ConsumeMessage } from 'amqplib';
import { HeldDelivery } from '@busbar/core';
import { nativeIdOf } from '../message/native-id.ts';
import { toHeaders } from '../message/properties.ts';
import type { ConsumerChannel } from './consumer-channel.ts';
import { type StartCount, startsBefore } from './start-count.ts';

/** What is known of a delivery beside the message itself. */
export interface Arrived {
  readonly channel: ConsumerChannel;
  readonly queue: string;
  readonly count: StartCount;
  readonly diedAlone: boolean;
  /** By the monotonic clock. */
  readonly at: number;
}

/** A message that the broker has sent and waits to hear of. */
export class RabbitMqDelivery extends HeldDelivery {
  declare readonly native: ConsumeMessage;
  readonly channel: ConsumerChannel;
  readonly count: StartCount;
  readonly arrivedAt: number;
  /** It is the pump's, until it is settled or released. */
  pushed = false;
  /** An attempt was started. */
  begun = false;
  /** An attempt failed, and somebody decided what becomes of the message. */
  failed = false;
  /** A copy that takes its place is on its way to the broker. */
  copying = false;
  /** Settled, given back, or gone with its channel: nothing can be said about it any more. */
  ended = false;
  /** Where its channel keeps it. */
  place = -1;

  constructor(message: ConsumeMessage, arrived: Arrived) {
    const { properties, content } = message;
    const headers = toHeaders(properties);
    super({
      nativeId: nativeIdOf(headers, properties, content),
      queue: arrived.queue,
      headers,
      body: content,
      deliveryCount: 1 + startsBefore(arrived.count),
      diedAlone: arrived.diedAlone,
      native: message,
    });
    this.channel = arrived.channel;
    this.count = arrived.count;
    this.arrivedAt = arrived.at;
  }

  /** Grows in the order of the queue, for as long as nothing on the channel was given back. */
  get tag(): number {
    return this.native.fields.deliveryTag;
  }
}
