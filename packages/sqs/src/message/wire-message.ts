import { Buffer } from 'node:buffer';
import type { Message } from '@aws-sdk/client-sqs';
import { BusbarError, type Headers } from '@busbar/core';
import { readHeaders, writeHeaders } from './header-text.ts';

/** An attribute of a message, as both services take it. */
export interface WireAttribute {
  readonly DataType: string;
  readonly StringValue?: string;
  readonly BinaryValue?: Uint8Array;
}

/** A message as it is sent. */
export interface WireMessage {
  readonly body: string;
  readonly attributes: Readonly<Record<string, WireAttribute>>;
  /** What the services count, or more. */
  readonly bytes: number;
}

/** The attributes that Busbar writes, of the ten that there may be. */
export const attributeNames = {
  /** All headers, as one JSON object; binary where JSON would take much more. */
  headers: 'busbar-headers',
  /** Present where the body is no text that SQS takes: the bytes, or `empty`. */
  body: 'busbar-body',
  /** The moment, in milliseconds since 1970, before which it is not handled. */
  due: 'busbar-due',
  /** Which of its topics brought it, and all of them. */
  via: 'busbar-via',
  /** What a copy carries on for the crash guard. */
  guard: 'busbar-guard',
} as const;

/** Stands for a body that SQS would refuse. */
const placeholder = '-';

/** What SQS refuses in a body, and what lies beyond the 16 bits that emulators of it take. */
// eslint-disable-next-line no-control-regex -- these are the characters that must be found
const illegal = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD]/;

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Headers and bytes as a message. */
export function toWire(headers: Headers, body: Uint8Array): WireMessage {
  const attributes: Record<string, WireAttribute> = {
    [attributeNames.headers]: writeHeaders(headers),
  };
  const text = textOf(body);
  if (text === undefined) {
    attributes[attributeNames.body] =
      body.byteLength === 0
        ? { DataType: 'String', StringValue: 'empty' }
        : { DataType: 'Binary', BinaryValue: body };
  }
  return sized(text ?? placeholder, attributes);
}

/** The same with more attributes. */
export function withAttributes(
  { body, attributes }: WireMessage,
  more: Readonly<Record<string, WireAttribute>>,
): WireMessage {
  return sized(body, { ...attributes, ...more });
}

/** A received message as it would be sent again, its attributes changed: undefined removes one. */
export function copyOf(
  message: Message,
  changes: Readonly<Record<string, WireAttribute | undefined>>,
): WireMessage {
  const attributes: Record<string, WireAttribute> = {};
  for (const [name, value] of Object.entries(message.MessageAttributes ?? {})) {
    const { DataType = 'String', StringValue, BinaryValue } = value;
    attributes[name] = {
      DataType,
      ...(StringValue !== undefined && { StringValue }),
      ...(BinaryValue !== undefined && { BinaryValue }),
    };
  }
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) delete attributes[name];
    else attributes[name] = value;
  }
  return sized(message.Body ?? '', attributes);
}

function sized(body: string, attributes: Readonly<Record<string, WireAttribute>>): WireMessage {
  let bytes = Buffer.byteLength(body);
  for (const name in attributes) {
    const { DataType, StringValue, BinaryValue } = attributes[name] as WireAttribute;
    bytes += name.length + DataType.length;
    // As base64: who counts less takes more.
    if (BinaryValue !== undefined) bytes += 4 * Math.ceil(BinaryValue.byteLength / 3);
    if (StringValue !== undefined) bytes += Buffer.byteLength(StringValue);
  }
  return { body, attributes, bytes };
}

/** The body as a text that is the same bytes again, where it is one. */
function textOf(body: Uint8Array): string | undefined {
  if (body.byteLength === 0) return undefined;
  try {
    const text = decoder.decode(body);
    return illegal.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}

/** What was received: headers and bytes, or as much of them as could be read, and why it was not all. */
export interface ReadMessage {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly poison?: BusbarError;
}

/** Whether a Busbar endpoint wrote it. */
export function isOurs(message: Message): boolean {
  return message.MessageAttributes?.[attributeNames.headers] !== undefined;
}

/** Headers and bytes of a message that a Busbar endpoint wrote. */
export function fromWire(message: Message): ReadMessage {
  const attributes = message.MessageAttributes ?? {};
  const body = bodyOf(message);
  const written = attributes[attributeNames.headers];
  const headers = written === undefined ? undefined : readHeaders(written);
  if (headers !== undefined) return { headers, body };
  return {
    headers: { 'x-undecodable-headers': (written?.StringValue ?? '').slice(0, 4_096) },
    body,
    poison: undecodable(message, `its attribute ${attributeNames.headers} holds no headers`),
  };
}

/** What a message carries beside the bytes for those who cannot read it: its attributes as headers. */
export function asForeign(message: Message, why: string): ReadMessage {
  return {
    headers: textAttributes(message),
    body: Buffer.from(message.Body ?? ''),
    poison: undecodable(message, why),
  };
}

/** The attributes as texts; binary ones as base64. */
export function textAttributes(message: Message): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const [name, value] of Object.entries(message.MessageAttributes ?? {})) {
    const { StringValue, BinaryValue } = value;
    if (StringValue !== undefined) texts[name] = StringValue;
    else if (BinaryValue !== undefined) texts[name] = Buffer.from(BinaryValue).toString('base64');
  }
  return texts;
}

function bodyOf(message: Message): Uint8Array {
  const instead = message.MessageAttributes?.[attributeNames.body];
  if (instead?.BinaryValue !== undefined) return instead.BinaryValue;
  if (instead?.StringValue === 'empty') return new Uint8Array();
  return Buffer.from(message.Body ?? '');
}

function undecodable(message: Message, why: string): BusbarError {
  const nativeId = message.MessageId ?? '';
  return new BusbarError('UNDECODABLE', `Message ${nativeId} cannot be read: ${why}.`, {
    details: { nativeId },
  });
}
