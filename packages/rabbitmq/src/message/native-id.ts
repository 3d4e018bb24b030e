import { createHash } from 'node:crypto';
import type { MessageProperties } from 'amqplib';
import { type Headers, headerNames } from '@busbar/core';

/**
 * The name of a stored message, the same whenever it is looked at: AMQP has none that lasts. The logical id with the
 * ordinal of the copy; for a message without an id, a digest of all that it carries.
 */
export function nativeIdOf(
  headers: Headers,
  properties: MessageProperties,
  content: Buffer,
): string {
  const id = headers[headerNames.messageId];
  if (id === undefined || id === '') return digestOf(headers, properties, content);
  const copy = headers[headerNames.copy];
  return copy === undefined ? id : `${id}/${copy}`;
}

function digestOf(headers: Headers, properties: MessageProperties, content: Buffer): string {
  const { timestamp, appId } = properties;
  return createHash('sha1')
    .update(JSON.stringify([headers, timestamp, appId]))
    .update(content)
    .digest('hex');
}
