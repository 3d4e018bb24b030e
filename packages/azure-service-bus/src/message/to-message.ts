import type { ServiceBusMessage } from '@azure/service-bus';
import { Buffer } from 'node:buffer';
import { type TransportOperation, headerNames } from '@busbar/core';
import { ownProperties } from './own-properties.ts';
import { sessionIdOf } from './session-id.ts';

/**
 * Headers that travel as properties of their own, so that the portal and clients that know nothing of Busbar see sense,
 * and no byte is sent twice.
 */
export const byProperty = {
  correlationId: headerNames.correlationId,
  contentType: headerNames.contentType,
  replyTo: headerNames.replyTo,
  subject: headerNames.enclosedTypes,
} as const;

type Property = keyof typeof byProperty;

const propertyOf = new Map<string, Property>(
  (Object.keys(byProperty) as Property[]).map((property) => [byProperty[property], property]),
);

/** The service's own limit for ids, in characters; the other properties are kept to it as well. */
const longest = 128;

/** The most that the SDK can write as a time to live: beyond 49 days it would be cut, and the message expire early. */
const longestTimeToLive = 2 ** 32 - 1;

/**
 * What the SDK sends for an operation.
 *
 * @param above the topics before this one in the chain of an event, as the rules of subscriptions compare them
 */
export function toServiceBusMessage(
  { message, partitionKey, deliverAt, expiresAt }: TransportOperation,
  now: number,
  above?: string,
): ServiceBusMessage {
  const { headers, body } = message;
  const properties: Record<string, string | number> = {};
  const sent: ServiceBusMessage = { body: bufferOf(body), applicationProperties: properties };
  for (const name in headers) {
    const value = headers[name];
    if (value === undefined) continue;
    const property = propertyOf.get(name);
    if (property !== undefined && value !== '' && value.length <= longest) sent[property] = value;
    else define(properties, name, value);
  }
  if (above !== undefined) {
    properties[ownProperties.above] = above;
    // The half makes the SDK write a double, which the service compares with any number; a whole one so large would be unsigned.
    properties[ownProperties.at] = Math.floor(Math.max(now, deliverAt ?? now)) + 0.5;
  }
  const messageId = headers[headerNames.messageId] ?? '';
  if (messageId !== '') sent.messageId = nativeMessageId(messageId, headers[headerNames.copy]);
  else properties[ownProperties.ours] = '1';
  sent.sessionId = sessionIdOf(partitionKey, messageId);
  if (deliverAt !== undefined && deliverAt > now)
    sent.scheduledEnqueueTimeUtc = new Date(deliverAt);
  const timeToLive = timeToLiveOf(expiresAt, Math.max(now, deliverAt ?? now));
  if (timeToLive !== undefined) sent.timeToLive = timeToLive;
  return sent;
}

/** The logical id, with the ordinal of the copy: whoever turns duplicate detection on must not lose retries by it. */
function nativeMessageId(id: string, copy: string | undefined): string {
  const native = copy === undefined ? id : `${id}/${copy}`;
  return native.length <= longest ? native : native.slice(-longest);
}

/** It counts from the moment at which the message can be received. */
function timeToLiveOf(expiresAt: number | undefined, from: number): number | undefined {
  if (expiresAt === undefined) return undefined;
  const timeToLive = Math.max(1, Math.ceil(expiresAt - from));
  return timeToLive > longestTimeToLive ? undefined : timeToLive;
}

/** The SDK makes JSON of what is no Buffer of its own kind. */
function bufferOf(body: Uint8Array): Buffer {
  return Buffer.isBuffer(body) ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength);
}

function define(properties: Record<string, string | number>, name: string, value: string): void {
  // Assigning it would set the prototype, and the header would be gone.
  if (name !== '__proto__') properties[name] = value;
  else {
    Object.defineProperty(properties, name, {
      value,
      enumerable: true,
      writable: true,
      configurable: true,
    });
  }
}
