import type { ConsumeMessage, Message, Options } from 'amqplib';
import type { MoveRequest } from '@busbar/core';
import { ownHeaders, toHeaders, toProperties } from '../message/properties.ts';
import { isWritable } from '../message/writable-values.ts';
import type { Publication } from '../publishing/publication.ts';
import {
  type CopyCounts,
  carriedOn,
  copyOnReturn,
  startCountOf,
} from '../receiving/start-count.ts';

/** How often the broker counted that the message was delivered and came back; 0 where it does not count. */
export function deliveriesOf({ properties }: Message): number {
  const count: unknown = properties.headers?.['x-delivery-count'];
  return typeof count === 'number' ? count : 0;
}

/**
 * A message for another queue, or once more for the same: it is delivered there as a first one. Foreign headers keep
 * their AMQP types, where the client can write them.
 */
export function movedCopy(
  message: Message,
  queue: string,
  changes: NonNullable<MoveRequest['headers']>,
): Publication {
  const headers = toHeaders(message.properties);
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) delete headers[name];
    else headers[name] = value;
  }
  const options = { ...foreignProperties(message), ...toProperties(headers) };
  keepTypes(options, message, changes);
  return toQueue(message, queue, options);
}

/**
 * The copy that has to take the place of a message that was looked at, or undefined when it can go back as it is. A look
 * counts as a delivery: it must neither use up the broker's limit nor count against a message that is handled alone.
 *
 * @param worn From how many deliveries on the limit is near.
 */
export function copyAfterLook(
  message: Message,
  queue: string,
  worn: number,
): Publication | undefined {
  // A message that was fetched has all that is needed of one that was consumed.
  const count = startCountOf(message as ConsumeMessage);
  const near = deliveriesOf(message) >= worn ? carriedOn(count) : undefined;
  const counts = copyOnReturn(count, false) ?? near;
  if (counts === undefined) return undefined;
  return countedCopy(message, queue, counts);
}

/** A copy for the same queue that says how often the message was delivered before. */
export function countedCopy(
  message: Message,
  queue: string,
  { deliveries, alone }: CopyCounts,
): Publication {
  const { options, ...others } = movedCopy(message, queue, {});
  const headers: Record<string, unknown> = {
    ...options.headers,
    [ownHeaders.deliveries]: String(deliveries),
    ...(alone !== undefined && { [ownHeaders.alone]: String(alone) }),
  };
  return { ...others, options: { ...options, headers } };
}

/**
 * What {@link toProperties} does not set. A user id is refused when another user sends it, and with an expiration the
 * message could vanish: the broker would begin to count anew.
 */
function foreignProperties({ properties }: Message): Options.Publish {
  const { contentEncoding, priority, timestamp, appId } = properties as Options.Publish;
  return {
    ...(contentEncoding !== undefined && { contentEncoding }),
    ...(priority !== undefined && { priority }),
    ...(timestamp !== undefined && { timestamp }),
    ...(appId !== undefined && { appId }),
  };
}

function keepTypes(
  options: Options.Publish,
  { properties }: Message,
  changes: NonNullable<MoveRequest['headers']>,
): void {
  const table = options.headers as Record<string, unknown>;
  const original: Readonly<Record<string, unknown>> = properties.headers ?? {};
  for (const [name, value] of Object.entries(original)) {
    if (typeof value === 'string' || name in changes || !Object.hasOwn(table, name)) continue;
    // Otherwise its text stays.
    if (isWritable(value)) table[name] = value;
  }
  // They are commands to the broker, which would send further copies.
  delete table['CC'];
  delete table['BCC'];
}

function toQueue({ content }: Message, queue: string, options: Options.Publish): Publication {
  return {
    exchange: '',
    routingKey: queue,
    content,
    options: { ...options, mandatory: true },
  };
}
