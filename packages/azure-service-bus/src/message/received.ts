import type { ServiceBusReceivedMessage } from '@azure/service-bus';
import { Buffer } from 'node:buffer';
import { BusbarError, headerNames } from '@busbar/core';
import { isOwnProperty } from './own-properties.ts';
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

/** What the service notes on a message in a dead-letter queue. */
const deadLetterProperties = new Set(['DeadLetterReason', 'DeadLetterErrorDescription']);

/** Headers and body of a message, whoever sent it. */
export function readMessage(message: ServiceBusReceivedMessage): Received {
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
    if (isOwnProperty(name) || deadLetterProperties.has(name)) continue;
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
function noteDeadLetter(message: ServiceBusReceivedMessage, headers: Record<string, string>): void {
  const { deadLetterReason, deadLetterErrorDescription, deadLetterSource } = message;
  if (deadLetterReason !== undefined) {
    headers[headerNames.failureType] ??= propertyText(deadLetterReason);
    const description = propertyText(deadLetterErrorDescription);
    headers[headerNames.failureMessage] ??=
      description === '' ? propertyText(deadLetterReason) : description;
  }
  if (deadLetterSource !== undefined) headers[headerNames.failedQueue] ??= deadLetterSource;
}

function bodyOf(message: ServiceBusReceivedMessage): Omit<Received, 'headers'> {
  const body: unknown = message.body;
  if (ArrayBuffer.isView(body)) {
    return { body: new Uint8Array(body.buffer, body.byteOffset, body.byteLength) };
  }
  const { bodyType } = message._rawAmqpMessage;
  // A message without any body, and one of several data sections, which the SDK hands over as they are.
  if (body === undefined || body === null) return { body: new Uint8Array() };
  if (Array.isArray(body) && body.length > 0 && body.every((each) => ArrayBuffer.isView(each))) {
    if (bodyType !== 'sequence') return { body: Buffer.concat(body as Uint8Array[]) };
  }
  if (typeof body === 'string') return { body: Buffer.from(body) };
  return {
    body: Buffer.from(jsonOf(body)),
    poison: new BusbarError(
      'UNDECODABLE',
      `Message ${String(message.messageId ?? message.sequenceNumber)} has no bytes as its body but an AMQP ${bodyType ?? 'value'}.`,
      {
        help: 'What is in the error queue is its value as JSON. Have the sender write its body as data.',
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
