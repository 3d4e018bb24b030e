import { Buffer } from 'node:buffer';
import { type Headers, headerNames } from '@busbar/core';
import type { Options } from 'amqplib';
import { longlong, longstr, octet, short, shortstr } from './amqp-bytes.ts';
import {
  type AmqpField,
  type AmqpValue,
  bytesValue,
  fieldBytes,
  listValue,
  textIn,
  textValue,
  withoutRepeats,
} from './amqp-values.ts';

/** The properties of AMQP in the order of their flags, the highest bit first. */
const order = [
  'contentType',
  'contentEncoding',
  'headers',
  'deliveryMode',
  'priority',
  'correlationId',
  'replyTo',
  'expiration',
  'messageId',
  'timestamp',
  'type',
  'userId',
  'appId',
  'clusterId',
] as const;

const flagBits = 16;
/** All properties are in one frame, of 128 KiB. */
const mostTableBytes = 120_000;
const shortBytes = 255;

/** Where a header may be beside the table. */
const propertyOf: ReadonlyMap<string, ShortProperty> = new Map([
  [headerNames.contentType, 'contentType'],
  [headerNames.correlationId, 'correlationId'],
  [headerNames.replyTo, 'replyTo'],
  [headerNames.messageId, 'messageId'],
  [headerNames.enclosedTypes, 'type'],
]);

/** Those that are texts of at most 255 bytes. */
type ShortProperty = Exclude<
  (typeof order)[number],
  'headers' | 'deliveryMode' | 'priority' | 'timestamp'
>;

const own = {
  prefix: 'x-busbar-',
  deliveries: 'x-busbar-deliveries',
  alone: 'x-busbar-alone',
} as const;

/** How a header is written. */
export type Placing =
  | 'text'
  | 'bytes'
  | 'list'
  /** What follows is for headers with a property, and `text` for all others. */
  | 'property'
  /** With bytes behind it that are no UTF-8. */
  | 'damaged'
  /** As long as a property can be. */
  | 'padded'
  /** The property says something else. */
  | 'both';

/** What a message is beside the headers that the test gives it. */
export interface AmqpNative {
  /** How the headers are written, by their places; after the last the first comes again. */
  readonly placings: readonly Placing[];
  /** Before them in the table; the headers win where a name is the same. */
  readonly before: readonly AmqpField[];
  /** Behind them, and instead of them. */
  readonly behind: readonly AmqpField[];
  /** Writes all of the table once more, where that has the room. */
  readonly twice: boolean;
  readonly texts: Readonly<Partial<Record<ShortProperty, string | Uint8Array>>>;
  readonly deliveryMode: 1 | 2 | undefined;
  readonly priority: number | undefined;
  readonly timestamp: bigint | undefined;
  /** Two bits that mean nothing. */
  readonly reserved: number;
  /** No header table at all where it would be empty. */
  readonly tableless: boolean;
  readonly client: 'amqplib' | 'frames';
}

/** A message with headers and all, in the terms of AMQP. */
export interface AmqpMessage {
  readonly texts: ReadonlyMap<ShortProperty, string | Uint8Array>;
  readonly fields: readonly AmqpField[];
  readonly native: AmqpNative;
}

export function composed(headers: Headers, native: AmqpNative): AmqpMessage {
  const texts = new Map(Object.entries(native.texts)) as Map<ShortProperty, string | Uint8Array>;
  const fields: AmqpField[] = [];
  for (const [index, [name, text]] of Object.entries(headers).entries()) {
    // Without an id they must not get the same one.
    const noId = name === headerNames.messageId && text === '';
    const placing = noId ? 'property' : native.placings[index % native.placings.length]!;
    const property = propertyOf.get(name);
    const inProperty = property === undefined ? undefined : shortFor(text, placing);
    if (property !== undefined && inProperty !== undefined) texts.set(property, inProperty);
    if (inProperty === undefined || placing === 'both') {
      fields.push({ name, value: valueFor(text, placing) });
    }
  }
  const all = withoutRepeats([...native.before, ...fields, ...native.behind]).filter(
    // What the broker writes itself when a message comes again, which may happen here: then other numbers count.
    ({ name }) => name !== 'x-delivery-count' || !isForged(native),
  );
  let bytes = 0;
  const fitting = all.filter((field) => {
    bytes += fieldBytes(field).length;
    return bytes < mostTableBytes || fields.includes(field);
  });
  return { texts, fields: fitting, native };
}

const isForged = ({ behind }: AmqpNative): boolean =>
  behind.some(({ name }) => name === own.deliveries);

/** What the property is, where there is one and it has the room. */
function shortFor(text: string, placing: Placing): string | Uint8Array | undefined {
  const bytes = Buffer.from(text);
  switch (placing) {
    case 'property':
      return bytes.length > shortBytes ? undefined : text;
    case 'damaged': {
      const damaged = Buffer.concat([bytes, Buffer.of(0xff, 0xfe)]);
      return damaged.length > shortBytes ? undefined : damaged;
    }
    case 'padded':
      return bytes.length > shortBytes ? undefined : text + 'p'.repeat(shortBytes - bytes.length);
    case 'both':
      return 'something else';
    case 'text':
    case 'bytes':
    case 'list':
      return undefined;
  }
}

function valueFor(text: string, placing: Placing): AmqpValue {
  if (placing === 'bytes') return bytesValue(text);
  if (placing === 'list') return listValue(text.split(';').map(textValue));
  return textValue(text);
}

/** What the broker writes about the way of a message, and what tells it where to send further copies. */
export const brokersNames: readonly string[] = [
  'x-death',
  'x-delivery-count',
  'x-acquired-count',
  'x-first-death-exchange',
  'x-first-death-queue',
  'x-first-death-reason',
  'x-last-death-exchange',
  'x-last-death-queue',
  'x-last-death-reason',
  'CC',
  'BCC',
];

function tableOf({ fields }: AmqpMessage): ReadonlyMap<string, AmqpValue> {
  return new Map(fields.map(({ name, value }) => [textIn(name), value]));
}

/** What the documentation promises a receiver to see. */
export function readable(message: AmqpMessage): Headers {
  const read = new Map<string, string>();
  for (const [header, property] of propertyOf) {
    const text = message.texts.get(property);
    if (text !== undefined) read.set(header, textIn(text));
  }
  for (const [name, { text }] of tableOf(message)) {
    // The client assigns it: a prototype is no entry.
    if (name === '__proto__' || name.startsWith(own.prefix)) continue;
    if (brokersNames.includes(name)) continue;
    // No name may be longer, and one that is no UTF-8 becomes longer when it is read.
    const tooLong = Buffer.byteLength(name) > shortBytes;
    read.set(tooLong ? name.slice(0, shortBytes / 3) : name, text);
  }
  return Object.fromEntries(read);
}

/** How often a message may have been delivered before it is suspected, unless it was set otherwise. */
const crashGuard = 5;
const endsThatCondemn = 2;

/**
 * Whether headers that nobody but a receiver should write say of a message that it killed those who handled it alone. With
 * fewer starts than make a suspect it is believed only when the message comes once more.
 */
export function condemned(message: AmqpMessage): 'yes' | 'perhaps' | 'no' {
  const table = tableOf(message);
  const deliveries = table.get(own.deliveries);
  const alone = table.get(own.alone);
  if (deliveries === undefined || alone === undefined) return 'no';
  const starts = countIn(deliveries);
  if (starts - countIn(alone) < endsThatCondemn) return 'no';
  return 1 + starts > crashGuard ? 'yes' : 'perhaps';
}

function countIn(value: AmqpValue | undefined): number {
  if (value === undefined || !'SbBsuIilLfd'.includes(value.tag)) return 0;
  const count = Number(value.text);
  return Number.isSafeInteger(count) && count > 0 ? count : 0;
}

/** As it stands behind the body's size in a content header. */
export function propertyBytes({ texts, fields, native }: AmqpMessage): Buffer {
  const parts: Buffer[] = [];
  const table = Buffer.concat(fields.map(fieldBytes));
  const twice = native.twice && 2 * table.length < mostTableBytes;
  let flags = native.reserved;
  const values: Partial<Record<(typeof order)[number], Buffer>> = {
    ...Object.fromEntries([...texts].map(([name, text]) => [name, shortstr(text)])),
    ...(!(native.tableless && fields.length === 0) && {
      headers: longstr(twice ? Buffer.concat([table, table]) : table),
    }),
    ...(native.deliveryMode !== undefined && { deliveryMode: octet(native.deliveryMode) }),
    ...(native.priority !== undefined && { priority: octet(native.priority) }),
    ...(native.timestamp !== undefined && { timestamp: longlong(native.timestamp) }),
  };
  for (const [place, name] of order.entries()) {
    const bytes = values[name];
    if (bytes === undefined) continue;
    flags |= 1 << (flagBits - 1 - place);
    parts.push(bytes);
  }
  return Buffer.concat([short(flags), ...parts]);
}

/** The same for amqplib; undefined for what it cannot write. */
export function publishOptions({
  texts,
  fields,
  native,
}: AmqpMessage): Options.Publish | undefined {
  const { deliveryMode, priority, timestamp } = native;
  const names = fields.map(({ name }) => name);
  if (names.some((name) => typeof name !== 'string')) return undefined;
  if (fields.some(({ value }) => value.told === undefined)) return undefined;
  if ([...texts.values()].some((text) => typeof text !== 'string')) return undefined;
  if (timestamp !== undefined && timestamp >= 2n ** 53n) return undefined;
  return {
    ...(Object.fromEntries(texts) as Options.Publish),
    ...(deliveryMode !== undefined && { deliveryMode }),
    ...(priority !== undefined && { priority }),
    ...(timestamp !== undefined && { timestamp: Number(timestamp) }),
    headers: Object.fromEntries(fields.map(({ name, value }) => [name, value.told])),
  };
}
