import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { long, longlong, longstr, octet, shortstr } from './amqp-bytes.ts';
import { oddNames } from './wire-cases.ts';

/** A value in a header table, as it goes over the wire and as a receiver has to read it. */
export interface AmqpValue {
  /** The letter by which AMQP tells types apart. */
  readonly tag: string;
  readonly bytes: Buffer;
  readonly text: string;
  /** How amqplib is told to write it; undefined where it cannot. */
  readonly told?: unknown;
}

/** An entry of a header table. */
export interface AmqpField {
  /** As bytes where it is no UTF-8. */
  readonly name: string | Uint8Array;
  readonly value: AmqpValue;
}

/** Below this many lists and tables in each other the text of a header says no more. */
const deepestText = 32;

/** As amqplib reads it: every number is a double. */
const textOf = (value: bigint | number): string => JSON.stringify(Number(value));

/** What is no UTF-8 becomes a replacement character. */
export const textIn = (bytes: string | Uint8Array): string =>
  Buffer.from(bytes as string).toString();

export function textValue(text: string | Uint8Array): AmqpValue {
  const told = typeof text === 'string' ? { told: text } : {};
  return { tag: 'S', bytes: longstr(text), text: textIn(text), ...told };
}

export function bytesValue(text: string | Uint8Array): AmqpValue {
  const bytes = Buffer.from(text as string);
  return { tag: 'x', bytes: longstr(bytes), text: textIn(bytes), told: bytes };
}

export function listValue(values: readonly AmqpValue[]): AmqpValue {
  const bytes = values.flatMap((value) => [Buffer.from(value.tag), value.bytes]);
  return {
    tag: 'A',
    bytes: longstr(Buffer.concat(bytes)),
    text: values.map(({ text }) => text).join(';'),
    ...allTold(values, (told) => told),
  };
}

/** The last of each name, for the broker hands on any of them; also of those that a receiver cannot tell apart. */
export function withoutRepeats(fields: readonly AmqpField[]): readonly AmqpField[] {
  return [...new Map(fields.map((field) => [textIn(field.name), field])).values()];
}

export function tableValue(all: readonly AmqpField[]): AmqpValue {
  const fields = withoutRepeats(all);
  const texts = new Map(fields.map(({ name, value }) => [textIn(name), value.text]));
  // The client assigns it: a prototype is no entry.
  texts.delete('__proto__');
  return {
    tag: 'F',
    bytes: longstr(Buffer.concat(fields.map(fieldBytes))),
    text: [...texts].map(([name, text]) => `${name}=${text}`).join(','),
    ...(fields.every(({ name }) => typeof name === 'string') &&
      allTold(
        fields.map(({ value }) => value),
        (told) => Object.fromEntries(fields.map(({ name }, index) => [name, told[index]])),
      )),
  };
}

function allTold(
  values: readonly AmqpValue[],
  all: (told: readonly unknown[]) => unknown,
): { readonly told?: unknown } {
  const told = values.map((value) => value.told);
  return told.includes(undefined) ? {} : { told: all(told) };
}

export function fieldBytes({ name, value }: AmqpField): Buffer {
  return Buffer.concat([shortstr(name), Buffer.from(value.tag), value.bytes]);
}

export const nothing: AmqpValue = { tag: 'V', bytes: Buffer.alloc(0), text: '', told: null };

function integer(tag: string, bits: 8 | 16 | 32 | 64, type: string | undefined) {
  const signed = tag !== 'B' && tag !== 'u' && tag !== 'i';
  return (value: bigint): AmqpValue => {
    const bytes = longlong(value).subarray(8 - bits / 8);
    const read = signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value);
    // The client takes 64 bits from a double.
    const exact = bits < 64 || BigInt(Number(read)) === read;
    return {
      tag,
      bytes,
      text: textOf(read),
      ...(type !== undefined && exact && { told: { '!': type, value: Number(read) } }),
    };
  };
}

/** What py-amqp, and so Celery, writes for what does not fit into 32 bits. amqplib knows it not. */
export const unsignedLong = integer('L', 64, undefined);

/** By how a number is written. */
export const integers = [
  integer('b', 8, 'int8'),
  integer('B', 8, 'uint8'),
  integer('s', 16, 'int16'),
  integer('u', 16, 'uint16'),
  integer('I', 32, 'int32'),
  integer('i', 32, 'uint32'),
  integer('l', 64, 'int64'),
];

export function timestampValue(seconds: bigint): AmqpValue {
  const time = new Date(Number(seconds) * 1_000);
  const valid = !Number.isNaN(time.getTime());
  return {
    tag: 'T',
    bytes: longlong(seconds),
    text: valid ? time.toISOString() : String(Number(seconds)),
    ...(seconds < 2n ** 53n && { told: { '!': 'timestamp', value: Number(seconds) } }),
  };
}

/** True for all but 0. */
export function booleanValue(value: number): AmqpValue {
  const told = value <= 1 ? { told: value === 1 } : {};
  return { tag: 't', bytes: octet(value), text: String(value !== 0), ...told };
}

export function decimalValue(places: number, digits: number): AmqpValue {
  const text = String(digits).padStart(places + 1, '0');
  const point = text.length - places;
  return {
    tag: 'D',
    bytes: Buffer.concat([octet(places), long(digits)]),
    text: places === 0 ? text : `${text.slice(0, point)}.${text.slice(point)}`,
    told: { '!': 'decimal', value: { places, digits } },
  };
}

export function floatValue(value: number): AmqpValue {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatBE(value);
  return {
    tag: 'f',
    bytes,
    text: textOf(Math.fround(value)),
    told: { '!': 'float', value },
  };
}

export function doubleValue(value: number): AmqpValue {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return { tag: 'd', bytes, text: textOf(value), told: { '!': 'double', value } };
}

/** The broker takes neither infinite numbers nor NaN. */
const finite = { noNaN: true, noDefaultInfinity: true } as const;

const scalars = fc.oneof(
  fc.constant(nothing),
  fc.nat({ max: 255 }).map(booleanValue),
  fc
    .tuple(
      fc.constantFrom(...integers),
      fc.oneof(
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
        fc.constantFrom(0n, 1n, -1n, 128n, -129n, 2n ** 31n, 2n ** 53n + 1n, 2n ** 63n - 1n),
      ),
    )
    .map(([make, value]) => make(value)),
  fc.float(finite).map(floatValue),
  fc.double(finite).map(doubleValue),
  fc
    .tuple(fc.constantFrom(0, 1, 2, 9, 10, 255), fc.integer({ min: 0, max: 2 ** 32 - 1 }))
    .map(([places, digits]) => decimalValue(places, digits)),
  fc
    .constantFrom(0n, 1n, 1_700_000_000n, 8_640_000_000_000n, 8_640_000_000_001n, 2n ** 64n - 1n)
    .map(timestampValue),
  fc.uint8Array({ maxLength: 40 }).map(bytesValue),
);

const texts = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }).map(textValue),
  fc.uint8Array({ maxLength: 30 }).map(textValue),
);

/** Names inside of tables. Those that look like numbers are put first by the language, and so are left out. */
const innerNames = fc.oneof(
  oddNames,
  fc.constantFrom('', 'a', 'b', 'ä', 'value', 'then'),
  fc.constant(Uint8Array.of(0xff, 0xc0)),
);

/** Tables that look like what the client makes of times and decimal numbers, for which it has no types. */
export const disguisedTables: readonly AmqpValue[] = (
  [
    [{ name: '!', value: textValue('decimal') }],
    [{ name: '!', value: textValue('timestamp') }],
    [
      { name: '!', value: textValue('timestamp') },
      { name: 'value', value: textValue('soon') },
    ],
    [
      { name: '!', value: textValue('timestamp') },
      { name: 'value', value: listValue([listValue([])]) },
    ],
    [
      { name: '!', value: textValue('decimal') },
      { name: 'value', value: nothing },
    ],
    [
      { name: '!', value: textValue('decimal') },
      // As text it would take more memory than there is.
      {
        name: 'value',
        value: tableValue([
          { name: 'places', value: integers[4]!(2n ** 31n - 1n) },
          { name: 'digits', value: integers[4]!(1n) },
        ]),
      },
    ],
    [
      { name: '!', value: textValue('no such type') },
      { name: 'value', value: integers[0]!(1n) },
    ],
    [{ name: '!', value: listValue([textValue('timestamp')]) }],
  ] satisfies readonly (readonly AmqpField[])[]
)
  .map(tableValue)
  // Told like this, amqplib would take them for types.
  .map(({ tag, bytes, text }): AmqpValue => ({ tag, bytes, text }));

const disguised = fc.constantFrom(...disguisedTables);

const { nested } = fc.letrec<{ value: AmqpValue; nested: AmqpValue }>((tie) => ({
  value: fc.oneof({ maxDepth: 4, withCrossShrink: true }, scalars, texts, disguised, tie('nested')),
  nested: fc.oneof(
    fc.array(tie('value'), { maxLength: 4 }).map(listValue),
    fc
      .array(fc.record({ name: innerNames, value: tie('value') }), { maxLength: 4 })
      .map(tableValue),
  ),
}));

/** So many lists or tables in each other. */
export function deepValue(depth: number, kind: 'lists' | 'tables'): AmqpValue {
  // Made at once: from the inside out it would be copied as often as it is deep.
  const eachBytes = kind === 'lists' ? 5 : 6;
  const parts: Buffer[] = [];
  for (let left = depth - 1; left >= 0; left -= 1) {
    parts.push(long(left * eachBytes));
    if (left > 0) parts.push(Buffer.from(kind === 'lists' ? 'A' : '\0F'));
  }
  const names = '='.repeat(Math.min(depth - 1, deepestText));
  const text = `${kind === 'lists' ? '' : names}${depth > deepestText ? '…' : ''}`;
  return { tag: kind === 'lists' ? 'A' : 'F', bytes: Buffer.concat(parts), text };
}

/** From some thousands on amqplib, which reads them by recursion, runs out of stack: another text comes then. */
const deep = fc
  .tuple(fc.constantFrom(1, 31, 32, 33, 100, 1_000, 2_000), fc.constantFrom('lists', 'tables'))
  .map(([depth, kind]) => deepValue(depth, kind));

const wide = fc
  .constantFrom(1_000, 10_000)
  .map((length) => listValue(Array.from({ length }, () => nothing)));

/** Values of every type that the broker takes. */
export const amqpValues: fc.Arbitrary<AmqpValue> = fc.oneof(
  { weight: 60, arbitrary: scalars },
  { weight: 20, arbitrary: texts },
  { weight: 30, arbitrary: nested },
  { weight: 6, arbitrary: disguised },
  { weight: 1, arbitrary: deep },
  { weight: 1, arbitrary: wide },
);

/** For those that must be lists to be taken at all. */
export const amqpLists: fc.Arbitrary<AmqpValue> = fc
  .array(fc.oneof(fc.constantFrom('intake', 'nowhere', '').map(textValue), scalars), {
    maxLength: 4,
  })
  .map(listValue);
