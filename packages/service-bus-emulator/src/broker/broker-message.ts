import { amqpTypes, type Typed } from '../message/amqp-types.ts';
import type { MessageContent } from '../message/message-content.ts';
import type { Timer } from '../clock/broker-clock.ts';

/** Deferred messages are received by their number, scheduled ones not before their time. */
export type MessageState = 'active' | 'deferred' | 'scheduled';

export interface MessageLock {
  readonly token: string;
  until: number;
  timer: Timer;
}

/** A message as one queue or subscription holds it. Copies share nothing but the sender's bytes. */
export interface BrokerMessage {
  readonly content: MessageContent;
  readonly sequenceNumber: number;
  /** The number that it had where it entered: before scheduling, or in the entity that forwarded it. */
  readonly enqueuedSequenceNumber: number;
  readonly enqueuedAt: number;
  readonly expiresAt: number;
  readonly scheduledFor: number | undefined;
  readonly deadLetterSource: string | undefined;
  /** How often it was forwarded to get here. */
  readonly hops: number;
  state: MessageState;
  deliveryCount: number;
  lock: MessageLock | undefined;
  expiry: Timer | undefined;
  /** Whether it lies in the heap of what can be received. */
  ready: boolean;
}

const stateNumber: Record<MessageState, number> = { active: 0, deferred: 1, scheduled: 2 };

export function encodeMessage(message: BrokerMessage): Buffer {
  return message.content.encode({
    deliveryCount: message.deliveryCount,
    annotations: brokerAnnotations(message),
  });
}

function brokerAnnotations(message: BrokerMessage): Map<string, Typed> {
  const annotations = new Map<string, Typed>([
    ['x-opt-sequence-number', amqpTypes.wrap_long(message.sequenceNumber)],
    ['x-opt-enqueue-sequence-number', amqpTypes.wrap_long(message.enqueuedSequenceNumber)],
    ['x-opt-enqueued-time', amqpTypes.wrap_timestamp(message.enqueuedAt)],
    ['x-opt-message-state', amqpTypes.wrap_int(stateNumber[message.state])],
  ]);
  if (message.lock !== undefined) {
    annotations.set('x-opt-locked-until', amqpTypes.wrap_timestamp(message.lock.until));
  }
  if (message.deadLetterSource !== undefined) {
    annotations.set('x-opt-deadletter-source', amqpTypes.wrap_string(message.deadLetterSource));
  }
  return annotations;
}
