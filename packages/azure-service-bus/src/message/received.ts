import type { ServiceBusReceivedMessage } from '@azure/service-bus';
import { Buffer } from 'node:buffer';
import { BusbarError, headerNames } from '@busbar/core';
import { isNote } from './own-properties.ts';
import { propertyText } from './property-text.ts';
import { byProperty } from './to-message.ts';

/** A message of the service as the core knows it. */
export interface Received {
  readonly headers: Record<string, string>;
  readonly body: Uint8Array;
  /** Why the body could not be read as bytes. */
  readonly poison?: BusbarError;
}

type Property = keyof typeof byProperty;
const properties = Object.keys(byProperty) as Property[];

/** Headers and body of a message as it is, whoever sent it. */
export function fromWire(message: ServiceBusReceivedMessage): Received {
  const headers = headersOf(message);
  const { body, poison } = bodyOf(message);
  return { headers, body, ...(poison !== undefined && { poison }) };
}

/** The application properties as text, and the properties where those do not say the same thing. */
function headersOf(message: ServiceBusReceivedMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const property of properties) {
    const value = message[property];
    if (value !== undefined && value !== null) headers[byProperty[property]] = propertyText(value);
  }
  const { applicationProperties } = message;
  for (const name in applicationProperties) {
    if (isNote(name)) continue;
    const value: unknown = applicationProperties[name];
    define(headers, name, typeof value === 'string' ? value : propertyText(value));
  }
  if (headers[headerNames.messageId] === undefined && message.messageId !== undefined) {
    headers[headerNames.messageId] = propertyText(message.messageId);
  }
  noteDeadLetter(message, headers);
  return headers;
}

/** What the service gave up says why, as what the framework gave up does. */
export function noteDeadLetter(
  message: ServiceBusReceivedMessage,
  headers: Record<string, string>,
): void {
  const { deadLetterReason, deadLetterErrorDescription, deadLetterSource } = message;
  if (deadLetterReason !== undefined) {
    headers[headerNames.failureType] ??= propertyText(deadLetterReason);
    const description = propertyText(deadLetterErrorDescription);
    headers[headerNames.failureMessage] ??=
      description === '' ? propertyText(deadLetterReason) : description;
  }
  if (deadLetterSource !== undefined) headers[headerNames.failedQueue] ??= deadLetterSource;
}

/** The body where it is bytes; undefined where it is another AMQP value or a sequence. */
export function bytesOf(message: ServiceBusReceivedMessage): Uint8Array | undefined {
  const body: unknown = message.body;
  if (ArrayBuffer.isView(body)) {
    return new Uint8Array(body.buffer, body.byteOffset, body.byteLength);
  }
  // A message without any body, and one of several data sections, which the SDK hands over as they are.
  if (body === undefined || body === null) return new Uint8Array();
  if (Array.isArray(body) && body.length > 0 && body.every((each) => ArrayBuffer.isView(each))) {
    const { bodyType } = message._rawAmqpMessage;
    if (bodyType !== 'sequence') return Buffer.concat(body as Uint8Array[]);
  }
  return undefined;
}

function bodyOf(message: ServiceBusReceivedMessage): Omit<Received, 'headers'> {
  const bytes = bytesOf(message);
  if (bytes !== undefined) return { body: bytes };
  const body: unknown = message.body;
  const { bodyType } = message._rawAmqpMessage;
  if (typeof body === 'string') return { body: Buffer.from(body) };
  return {
    body: Buffer.from(jsonOf(body)),
    poison: new BusbarError(
      'UNDECODABLE',
      `Message ${String(message.messageId ?? message.sequenceNumber)} has no bytes as its body but an AMQP ${bodyType ?? 'value'}.`,
      {
        help: 'What is in the error queue is its value as JSON. Have the sender write its body as data, or read it with the option `nativeMessages`.',
        details: { bodyType },
      },
    ),
  };
}

function jsonOf(value: unknown): string {
  try {
    return (
      JSON.stringify(value, (_, each: unknown) =>
        typeof each === 'bigint' ? each.toString() : each,
      ) ?? ''
    );
  } catch {
    return propertyText(value);
  }
}

function define(headers: Record<string, string>, name: string, value: string): void {
  // Assigning it would set the prototype, and the header would be gone.
  if (name !== '__proto__') headers[name] = value;
  else {
    Object.defineProperty(headers, name, {
      value,
      enumerable: true,
      writable: true,
      configurable: true,
    });
  }
}
