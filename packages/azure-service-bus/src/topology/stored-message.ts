import type {
  ServiceBusMessage,
  ServiceBusReceivedMessage,
  ServiceBusReceiver,
} from '@azure/service-bus';
import { type MoveRequest, type TransportOperation, headerNames } from '@busbar/core';
import Long from 'long';
import { isOwnProperty } from '../message/own-properties.ts';
import { propertyText } from '../message/property-text.ts';
import { isOurs, sessionOf } from '../message/read-message.ts';
import { bytesOf, fromWire } from '../message/received.ts';
import { sessionIdOf } from '../message/session-id.ts';
import { toServiceBusMessage } from '../message/to-message.ts';

/** The service hands over no more at once. */
const page = 250;

/** What operations know a message by. */
export function nativeIdOf({ sequenceNumber }: ServiceBusReceivedMessage): string {
  return String(sequenceNumber);
}

/** In the order of the queue, without those whose time has not come. */
export async function peekAll(
  receiver: ServiceBusReceiver,
  limit: number,
): Promise<ServiceBusReceivedMessage[]> {
  const all: ServiceBusReceivedMessage[] = [];
  let from = Long.ZERO;
  while (all.length < limit) {
    const messages = await receiver.peekMessages(page, { fromSequenceNumber: from });
    const last = messages.at(-1)?.sequenceNumber;
    all.push(...messages.filter(({ state }) => state !== 'scheduled'));
    if (last === undefined) break;
    from = last.add(1);
  }
  return all.slice(0, limit);
}

/** Those of the messages that still lie where they were. */
export async function stillThere(
  receiver: ServiceBusReceiver,
  messages: readonly ServiceBusReceivedMessage[],
): Promise<readonly string[]> {
  const there: string[] = [];
  for (const { sequenceNumber } of messages) {
    if (sequenceNumber === undefined) continue;
    const [next] = await receiver.peekMessages(1, { fromSequenceNumber: sequenceNumber });
    if (next?.sequenceNumber?.equals(sequenceNumber) === true) there.push(String(sequenceNumber));
  }
  return there;
}

/** What is sent to the target of a move, and the body that it is known by. */
export interface MovedCopy {
  readonly message: ServiceBusMessage;
  readonly body: Uint8Array;
}

/** What another producer wrote stays what it is, so that whoever receives it reads it as if it had come at once. */
export function copyOf(
  message: ServiceBusReceivedMessage,
  { to, headers: changes = {} }: MoveRequest,
  now: number,
): MovedCopy {
  if (!isOurs(message)) return nativeCopy(message, changes);
  const { headers, body } = fromWire(message);
  change(headers, changes);
  const key = headers[headerNames.partitionKey];
  const operation: TransportOperation = {
    message: { headers, body },
    destination: { kind: 'queue', queue: to },
    ...(key !== undefined && { partitionKey: key }),
  };
  return { message: toServiceBusMessage(operation, now), body };
}

/** Headers of a foreign message are its application properties. */
function nativeCopy(
  message: ServiceBusReceivedMessage,
  changes: NonNullable<MoveRequest['headers']>,
): MovedCopy {
  const { messageId, subject, contentType, correlationId, replyTo, to } = message;
  const given = { messageId, subject, contentType, correlationId, replyTo, to };
  // With why the service gave it up, if it did.
  const applicationProperties = Object.fromEntries(
    Object.entries(message.applicationProperties ?? {}).filter(([name]) => !isOwnProperty(name)),
  );
  change(applicationProperties, changes);
  const bytes = bytesOf(message);
  const { bodyType = 'data', properties } = message._rawAmqpMessage;
  const copy = {
    ...given,
    ...(properties?.replyToGroupId !== undefined && {
      replyToSessionId: properties.replyToGroupId,
    }),
    // A queue with sessions refuses what has none.
    sessionId: sessionOf(message) ?? sessionIdOf(undefined, propertyText(messageId)),
    applicationProperties,
    // Several data sections become one, for the SDK would write them as JSON.
    body: bodyType === 'data' ? bytes : (message.body as unknown),
    // By this the SDK sends a body as what it was received as.
    _rawAmqpMessage: { bodyType },
  };
  return { message: copy as ServiceBusMessage, body: bytes ?? new Uint8Array() };
}

function change(
  headers: Record<string, unknown>,
  changes: NonNullable<MoveRequest['headers']>,
): void {
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) delete headers[name];
    else headers[name] = value;
  }
}
