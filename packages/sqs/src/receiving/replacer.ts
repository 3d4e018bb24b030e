import type { Message } from '@aws-sdk/client-sqs';
import type { Clock, DispatchResult, Headers } from '@busbar/core';
import { longestDelaySeconds, mostAttributes, sqsBytes } from '../message/limits.ts';
import {
  type WireAttribute,
  type WireMessage,
  attributeNames,
  copyOf,
} from '../message/wire-message.ts';
import type { Couriers } from '../sending/couriers.ts';
import { deduplicationOf, groupOf } from '../sending/message-keys.ts';
import type { KnownQueue } from '../topology/queue-directory.ts';
import { headerNames } from '@busbar/core';

/** Whether a copy has room for the mark of the crash guard; that of a foreign producer may have none. */
export function canBeGuarded(message: Message): boolean {
  const { attributes, bytes } = guardedCopy(message, longestGuard);
  return Object.keys(attributes).length <= mostAttributes && bytes <= sqsBytes;
}

const longestGuard = `${Number.MAX_SAFE_INTEGER};alone`;

function guardedCopy(message: Message, guard: string): WireMessage {
  return copyOf(message, {
    [attributeNames.guard]: { DataType: 'String', StringValue: guard },
    // The copy would be taken for another one of the same publication.
    [attributeNames.via]: undefined,
  });
}

/** How long a message is held back that is due then: never beyond the limit, never not at all, never too short. */
export function delaySecondsUntil(due: number, now: number): number {
  return Math.min(longestDelaySeconds, Math.max(1, Math.ceil((due - now) / 1_000)));
}

/** Puts copies in the place of messages: each is confirmed before the message itself may go. */
export class Replacer {
  readonly #couriers: Couriers;
  readonly #clock: Clock;
  readonly #timeoutMs: number;

  constructor(couriers: Couriers, clock: Clock, timeoutMs: number) {
    this.#couriers = couriers;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  /** A copy that is handled alone, or that stays so. */
  guarded(queue: KnownQueue, message: Message, guard: string): Promise<DispatchResult> {
    const wire = guardedCopy(message, guard);
    return this.#send(queue, wire, message, {});
  }

  /** A copy that waits for what is left of the delay, at most as long as SQS holds it back. */
  delayed(
    to: KnownQueue,
    message: Message,
    headers: Headers,
    due: number,
  ): Promise<DispatchResult> {
    const delaySeconds = delaySecondsUntil(due, this.#clock.now());
    return this.#send(
      to,
      copyOf(message, { [attributeNames.guard]: undefined }),
      message,
      headers,
      {
        delaySeconds,
      },
    );
  }

  /** A copy in another queue, which is due. */
  due(to: KnownQueue, message: Message, headers: Headers): Promise<DispatchResult> {
    const without = { [attributeNames.due]: undefined, [attributeNames.guard]: undefined };
    return this.#send(to, copyOf(message, without), message, headers);
  }

  /** A copy with other headers, as a first one. */
  moved(
    to: KnownQueue,
    message: Message,
    headers: Headers,
    changes: Readonly<Record<string, WireAttribute | undefined>>,
  ): Promise<DispatchResult> {
    const fresh = {
      ...changes,
      [attributeNames.guard]: undefined,
      [attributeNames.due]: undefined,
      [attributeNames.via]: undefined,
    };
    return this.#send(to, copyOf(message, fresh), message, headers);
  }

  #send(
    to: KnownQueue,
    wire: WireMessage,
    { MessageId = '', Attributes }: Message,
    headers: Headers,
    options: { readonly delaySeconds?: number } = {},
  ): Promise<DispatchResult> {
    if (wire.bytes > sqsBytes) {
      const reason = `With what the transport notes on it the message takes ${wire.bytes} bytes, and SQS takes ${sqsBytes}.`;
      return Promise.resolve({ outcome: 'undeliverable', reason });
    }
    const key = headers[headerNames.partitionKey];
    const own = Attributes?.MessageGroupId;
    // Without a key of ours that of its producer goes on.
    const group = key === undefined && own !== undefined ? own : groupOf(headers, key);
    return new Promise((done) => {
      this.#couriers.toQueue(to).add({
        wire,
        bytes: wire.bytes,
        until: this.#clock.monotonic() + this.#timeoutMs,
        done,
        // Fair queues tell tenants apart by it.
        messageGroup: own,
        ...options,
        // With the native id, so that the same step taken twice is one, and another step is another message.
        ...(to.fifo && {
          group,
          messageGroup: group,
          deduplication: deduplicationOf(headers, MessageId),
        }),
      });
    });
  }
}
