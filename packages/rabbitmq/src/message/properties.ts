import { Buffer } from 'node:buffer';
import type { MessageProperties, Options } from 'amqplib';
import { type Headers, headerNames } from '@busbar/core';

/**
 * Headers that travel as properties of their own, so that the management page and clients that know nothing of Busbar
 * see sense, and no byte is sent twice.
 */
const byProperty = {
  messageId: headerNames.messageId,
  correlationId: headerNames.correlationId,
  replyTo: headerNames.replyTo,
  contentType: headerNames.contentType,
  type: headerNames.enclosedTypes,
} as const;

type Property = keyof typeof byProperty;

const propertyOf = new Map<string, Property>(
  (Object.keys(byProperty) as Property[]).map((property) => [byProperty[property], property]),
);

/** A short string of AMQP. */
const shortBytes = 255;

/** What the header names of this transport's own begin with; see {@link ownHeaders}. */
const ownPrefix = 'x-busbar-';

/** Headers that never leave the transport. */
export const ownHeaders = {
  /** How often the message was delivered before this copy of it was made, for the crash guard. */
  deliveries: `${ownPrefix}deliveries`,
  /** The number of {@link ownHeaders.deliveries} from which on it was handled alone. */
  alone: `${ownPrefix}alone`,
} as const;

/** The properties of a persistent message with these headers. */
export function toProperties(headers: Headers): Options.Publish {
  const table: Record<string, string> = {};
  const options: Options.Publish = { persistent: true, headers: table };
  for (const name in headers) {
    const value = headers[name];
    if (value === undefined) continue;
    const property = propertyOf.get(name);
    if (property !== undefined && fits(value)) options[property] = value;
    else table[name] = value;
  }
  return options;
}

/** No text of so many characters takes more bytes. */
const surelyShort = shortBytes / 3;

function fits(value: string): boolean {
  return value.length <= surelyShort || Buffer.byteLength(value) <= shortBytes;
}

/** Bytes that are no UTF-8 become more when they are read, and no copy could have the name any more. */
function shortened(name: string): string {
  return fits(name) ? name : name.slice(0, surelyShort);
}

/**
 * The headers of a received message: its header table as text, and its properties where the table does not say the
 * same thing. The broker's own headers and those of this transport are left out.
 */
export function toHeaders(properties: MessageProperties): Record<string, string> {
  const table: Readonly<Record<string, unknown>> = properties.headers ?? {};
  const headers: Record<string, string> = {};
  for (const property in byProperty) {
    const value: unknown = properties[property as Property];
    if (typeof value === 'string') headers[byProperty[property as Property]] = value;
  }
  for (const name of Object.keys(table)) {
    if (isHidden(name)) continue;
    const value = table[name];
    define(headers, shortened(name), typeof value === 'string' ? value : toText(value));
  }
  return headers;
}

function define(headers: Record<string, string>, name: string, value: string): void {
  // Assigning it would set the prototype, and the header would be gone.
  if (name !== '__proto__') headers[name] = value;
  else
    Object.defineProperty(headers, name, {
      value,
      enumerable: true,
      writable: true,
      configurable: true,
    });
}

/** What the broker notes about the way of a message; it may be written again, and would be wrong on a copy. */
const brokerHeaders = new Set([
  'x-death',
  'x-delivery-count',
  'x-acquired-count',
  'x-first-death-exchange',
  'x-first-death-queue',
  'x-first-death-reason',
  'x-last-death-exchange',
  'x-last-death-queue',
  'x-last-death-reason',
  // Orders to the broker, which it has carried out; it refuses a message where they are text.
  'CC',
  'BCC',
]);

function isHidden(name: string): boolean {
  // Most are our headers, and need no more looks.
  if (name.startsWith('busbar-')) return false;
  return name.startsWith(ownPrefix) || brokerHeaders.has(name);
}

/** Lists and tables in each other that become text: others may nest thousands, more than the stack has room for. */
const mostNested = 32;

/** A value of any AMQP type as text: bytes as UTF-8, lists joined with `;`, tables as `name=value,…`, times as RFC 3339. */
function toText(value: unknown, depth = 1): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'string') return value;
  if (typeof value !== 'object') return JSON.stringify(value) ?? '';
  // A table with an entry `__proto__` is an instance of whatever that is.
  if (ArrayBuffer.isView(value)) return (value as Buffer).toString('utf8');
  if (depth > mostNested) return '…';
  if (Array.isArray(value)) return value.map((each) => toText(each, depth + 1)).join(';');
  const special = specialText(value);
  if (special !== undefined) return special;
  return Object.entries(value)
    .map(([name, each]) => `${name}=${toText(each, depth + 1)}`)
    .join(',');
}

/** Of a type that JavaScript lacks. The client marks it with a `!`, which a table of others may have as well. */
function specialText(marked: object): string | undefined {
  if (!Object.hasOwn(marked, '!')) return undefined;
  const { '!': type, value } = marked as { readonly '!': unknown; readonly value?: unknown };
  if (type === 'timestamp' && typeof value === 'number') return timeText(value);
  return type === 'decimal' ? decimalText(value) : undefined;
}

function timeText(seconds: number): string {
  const time = new Date(seconds * 1_000);
  return Number.isNaN(time.getTime()) ? String(seconds) : time.toISOString();
}

function decimalText(value: unknown): string | undefined {
  const { places, digits } = (value ?? {}) as {
    readonly places?: unknown;
    readonly digits?: unknown;
  };
  if (!isUpTo(places, 255) || !isUpTo(digits, 2 ** 32 - 1)) return undefined;
  if (places === 0) return String(digits);
  const text = String(digits).padStart(places + 1, '0');
  return `${text.slice(0, -places)}.${text.slice(-places)}`;
}

function isUpTo(value: unknown, most: number): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= most;
}
