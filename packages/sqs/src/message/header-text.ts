import { Buffer } from 'node:buffer';
import type { Headers } from '@busbar/core';
import type { WireAttribute } from './wire-message.ts';

/** JSON may take this much more than the texts in it, before they are written without any escapes. */
const tolerated = 4_096;

/** What JSON leaves as it is and the services refuse. */
const noncharacter = /[\uFFFE\uFFFF]/;

/** All headers as one attribute. */
export function writeHeaders(headers: Headers): WireAttribute {
  const json = JSON.stringify(headers);
  const text = noncharacter.test(json)
    ? json.replaceAll('\uFFFE', '\\ufffe').replaceAll('\uFFFF', '\\uffff')
    : json;
  let units = 0;
  for (const name in headers) units += name.length + (headers[name] ?? '').length + 6;
  return text.length - units <= tolerated
    ? { DataType: 'String', StringValue: text }
    : { DataType: 'Binary', BinaryValue: packed(headers) };
}

/** The headers in an attribute, or undefined when it holds none. */
export function readHeaders(attribute: {
  readonly StringValue?: string | undefined;
  readonly BinaryValue?: Uint8Array | undefined;
}): Record<string, string> | undefined {
  const { StringValue, BinaryValue } = attribute;
  try {
    return BinaryValue === undefined ? parsed(StringValue ?? '') : unpacked(BinaryValue);
  } catch {
    return undefined;
  }
}

function parsed(text: string): Record<string, string> | undefined {
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  for (const name in value) {
    if (typeof (value as Record<string, unknown>)[name] !== 'string') return undefined;
  }
  return value as Record<string, string>;
}

/** Names and values in turn, each with its length in bytes before it: texts of any content take what they are. */
function packed(headers: Headers): Uint8Array {
  const parts: Buffer[] = [];
  for (const text of Object.entries(headers).flat()) {
    const bytes = Buffer.from(text);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.byteLength);
    parts.push(length, bytes);
  }
  return Buffer.concat(parts);
}

function unpacked(bytes: Uint8Array): Record<string, string> | undefined {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const texts: string[] = [];
  for (let at = 0; at < buffer.byteLength;) {
    const length = buffer.readUInt32BE(at);
    at += 4;
    if (at + length > buffer.byteLength) return undefined;
    texts.push(buffer.toString('utf8', at, at + length));
    at += length;
  }
  if (texts.length % 2 !== 0) return undefined;
  const entries: [string, string][] = [];
  for (let index = 0; index < texts.length; index += 2) {
    entries.push([texts[index] as string, texts[index + 1] as string]);
  }
  return Object.fromEntries(entries);
}
