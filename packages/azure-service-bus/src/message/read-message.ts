import type { ServiceBusReceivedMessage } from '@azure/service-bus';
import { BusbarError, asError, headerNames } from '@busbar/core';
import type { NativeMessage, NativeMessageMapping } from '../service-bus-options.ts';
import { isNote, ownProperties } from './own-properties.ts';
import { propertyText } from './property-text.ts';
import { type Received, bytesOf, fromWire, noteDeadLetter } from './received.ts';

/** Begins the name of every header of the framework but those of the W3C. */
const ownHeader = 'busbar-';

/** Headers and body of a received message, whoever wrote it; what cannot be read says why. */
export function readMessage(
  message: ServiceBusReceivedMessage,
  queue: string,
  mapping: NativeMessageMapping | undefined,
): Received {
  if (mapping === undefined || isOurs(message)) return fromWire(message);
  const native = nativeOf(message, queue);
  const read = readNative(message, native, mapping);
  const { messageId, sessionId } = native;
  const headers = {
    ...(messageId !== '' && { [headerNames.messageId]: messageId }),
    // The order that its producer asked for.
    ...(sessionId !== undefined && { [headerNames.partitionKey]: sessionId }),
    ...read.headers,
  };
  noteDeadLetter(message, headers);
  return { ...read, headers };
}

/** Whether a Busbar endpoint wrote it, or who knows its headers. */
export function isOurs({ applicationProperties }: ServiceBusReceivedMessage): boolean {
  for (const name in applicationProperties) {
    if (name.startsWith(ownHeader) || name === ownProperties.ours) return true;
  }
  return false;
}

/** Its own session, which a message of a queue without sessions keeps only where the SDK does not look. */
export function sessionOf(message: ServiceBusReceivedMessage): string | undefined {
  return message.sessionId ?? message._rawAmqpMessage.properties?.groupId ?? undefined;
}

const textProperties = ['subject', 'contentType', 'correlationId', 'replyTo', 'to'] as const;

function nativeOf(message: ServiceBusReceivedMessage, queue: string): NativeMessage {
  const texts: { [name in (typeof textProperties)[number]]?: string } = {};
  for (const name of textProperties) {
    const value = message[name];
    if (value !== undefined && value !== null) texts[name] = propertyText(value);
  }
  const sessionId = sessionOf(message);
  return {
    queue,
    messageId: propertyText(message.messageId),
    body: bytesOf(message) ?? (message.body as unknown),
    applicationProperties: Object.fromEntries(
      Object.entries(message.applicationProperties ?? {}).filter(([name]) => !isNote(name)),
    ),
    ...texts,
    ...(sessionId !== undefined && { sessionId }),
  };
}

function readNative(
  message: ServiceBusReceivedMessage,
  native: NativeMessage,
  mapping: NativeMessageMapping,
): Received {
  try {
    const read = mapping(native);
    if (read === undefined) return asForeign(message, 'does not know it');
    const wrong = whatIsWrong(read);
    if (wrong !== undefined) return asForeign(message, `returned ${wrong}`);
    const { headers, body } = read;
    // A view of its own, since what is noted of a body is noted of one message, and a mapping may return one for many.
    return { headers, body: new Uint8Array(body.buffer, body.byteOffset, body.byteLength) };
  } catch (error) {
    return asForeign(message, `threw: ${asError(error).message}`);
  }
}

/** What a message carries beside the bytes for those who cannot read it. */
function asForeign(message: ServiceBusReceivedMessage, why: string): Received {
  const { headers, body } = fromWire(message);
  const nativeId = String(message.sequenceNumber ?? message.messageId);
  return {
    headers,
    body,
    poison: new BusbarError(
      'UNDECODABLE',
      `Message ${String(message.messageId ?? nativeId)} cannot be read: the option \`nativeMessages\` ${why}.`,
      { details: { nativeId } },
    ),
  };
}

/** A mapping in JavaScript returns whatever it does. */
function whatIsWrong(read: unknown): string | undefined {
  if (read instanceof Promise) {
    // Its rejection would end the process.
    read.catch(() => {});
    return 'a promise, and must return headers and body themselves';
  }
  const { headers, body } = Object(read) as { readonly headers?: unknown; readonly body?: unknown };
  if (!(body instanceof Uint8Array)) return 'no Uint8Array as `body`';
  if (typeof headers !== 'object' || headers === null) return 'no object as `headers`';
  const odd = Object.entries(headers).find(([, value]) => typeof value !== 'string');
  return odd === undefined ? undefined : `a header "${odd[0]}" that is no text`;
}
