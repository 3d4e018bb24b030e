import type { BrokerMessage, MessageState } from '../broker/broker-message.ts';
import { plain } from '../message/amqp-types.ts';
import { readBodyBytes } from '../message/sections.ts';

/** A message as it lies in the emulator. */
export interface InspectedMessage {
  /** By which the mailbox knows it. */
  readonly sequenceNumber: number;
  /** The sender's, or one that it was given. */
  readonly messageId: string;
  /** Also known as label. */
  readonly subject: string | undefined;
  /** As the sender gave it. */
  readonly correlationId: string | undefined;
  /** Undefined for one of no session. */
  readonly sessionId: string | undefined;
  /** Locked ones are active. */
  readonly state: MessageState;
  /** How often it was given back, or its lock expired. */
  readonly deliveryCount: number;
  /** Undefined for one that nobody holds. */
  readonly lockedUntil: Date | undefined;
  /** By the broker's clock. */
  readonly enqueuedAt: Date;
  /** Undefined for one that never expires. */
  readonly expiresAt: Date | undefined;
  /** Undefined for one that is not scheduled. */
  readonly scheduledFor: Date | undefined;
  /** With the reason and the description of a dead letter among them. */
  readonly applicationProperties: Readonly<Record<string, unknown>>;
  /** What the data sections of the body hold; a body of values as JSON. */
  readonly body: Buffer;
}

export function inspectMessage(message: BrokerMessage): InspectedMessage {
  const { content, lock, expiresAt, scheduledFor } = message;
  return {
    sequenceNumber: message.sequenceNumber,
    messageId: content.messageId,
    subject: content.property('subject'),
    correlationId: content.property('correlationId'),
    sessionId: content.sessionId,
    state: message.state,
    deliveryCount: message.deliveryCount,
    lockedUntil: lock === undefined ? undefined : new Date(lock.until),
    enqueuedAt: new Date(message.enqueuedAt),
    expiresAt: expiresAt === Infinity ? undefined : new Date(expiresAt),
    scheduledFor: scheduledFor === undefined ? undefined : new Date(scheduledFor),
    applicationProperties: Object.fromEntries(
      [...content.applicationProperties].map(([name, value]) => [name, plain(value)]),
    ),
    body: readBodyBytes(content.body),
  };
}
