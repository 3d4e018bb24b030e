import type { ServiceBusReceivedMessage, ServiceBusReceiver } from '@azure/service-bus';
import { HeldDelivery } from '@busbar/core';
import { readMessage } from '../message/read-message.ts';
import type { NativeMessageMapping } from '../service-bus-options.ts';
import type { Lock } from './lock-keeper.ts';
import { type StartCount, diedAlone, startCountOf, startsBefore } from './start-count.ts';

/** The link of a receiver, which may be opened several times. */
export interface LinkAge {
  /** How often it was opened. */
  readonly age: number;
}

/** Where a message came from, and goes back to. */
export interface DeliveryOrigin {
  readonly queue: string;
  /** What reads those of other producers. */
  readonly nativeMessages: NativeMessageMapping | undefined;
  readonly receiver: ServiceBusReceiver;
  readonly link: LinkAge;
  /** It came when no more was wanted. @default false */
  readonly late?: boolean;
  /** By the monotonic clock. */
  readonly at: number;
  /** Earlier deliveries of it that the service does not count. @default 0 */
  readonly uncounted?: number;
  /**
   * Called once, when this one takes no place any more: the next message may come.
   *
   * @param welcome resolves when it may, where that is not at once
   */
  readonly done: (welcome?: Promise<void>) => void;
}

/** A message that the service has locked for us. */
export class ServiceBusDelivery extends HeldDelivery {
  declare readonly native: ServiceBusReceivedMessage;
  readonly receiver: ServiceBusReceiver;
  readonly count: StartCount;
  readonly arrivedAt: number;
  /** When it went to the pump. */
  pushedAt: number;
  /** Settled, given back, or somebody else's: the service hears no more of it from us. */
  ended = false;
  /** The service was told to remove it: to be told something else as well would confuse it and the SDK. */
  settling = false;
  /** Its own, where it is not in a session. */
  lock: Lock | undefined;
  /** Told when it is somebody else's while the service is asked to remove it, which may get no answer any more. */
  onLost: ((reason: string) => void) | undefined;
  /** The service knows what became of it. */
  heard: 'settled' | 'given back' | undefined;
  readonly #link: LinkAge;
  readonly #age: number;
  readonly #done: (welcome?: Promise<void>) => void;
  #left = false;

  constructor(
    message: ServiceBusReceivedMessage,
    { queue, nativeMessages, receiver, link, at, uncounted, done }: DeliveryOrigin,
  ) {
    const { headers, body, poison } = readMessage(message, queue, nativeMessages);
    const count = startCountOf(message, uncounted);
    super({
      nativeId: String(message.sequenceNumber ?? message.messageId ?? message.lockToken),
      queue,
      headers,
      body,
      deliveryCount: 1 + startsBefore(count),
      diedAlone: diedAlone(count),
      ...(poison !== undefined && { poison }),
      native: message,
    });
    this.receiver = receiver;
    this.count = count;
    this.#link = link;
    this.#age = link.age;
    this.arrivedAt = at;
    this.pushedAt = at;
    this.#done = done;
  }

  /**
   * What the SDK is given to settle. It would answer over the link that brought the message, even when that was closed and
   * another one opened, and wait in vain; without a link it goes another way.
   */
  settled(pastTheLink = false): ServiceBusReceivedMessage {
    return pastTheLink || this.#link.age !== this.#age ? withoutLink(this.native) : this.native;
  }

  /** Lets the next message come, at once or when it is welcome. */
  leave(welcome?: Promise<void>): void {
    if (this.#left) return;
    this.#left = true;
    this.#done(welcome);
  }

  /** In the order of the queue. */
  isBefore(other: ServiceBusDelivery): boolean {
    const [mine, others] = [this.native.sequenceNumber, other.native.sequenceNumber];
    return mine !== undefined && others !== undefined && mine.lessThan(others);
  }
}

function withoutLink(message: ServiceBusReceivedMessage): ServiceBusReceivedMessage {
  return { ...message, delivery: {} } as ServiceBusReceivedMessage;
}
