import { Buffer } from 'node:buffer';
import { headerNames } from '@busbar/core';
import type { AmqpNative } from './amqp-message.ts';
import {
  type AmqpField,
  type AmqpValue,
  booleanValue,
  bytesValue,
  decimalValue,
  deepValue,
  disguisedTables,
  doubleValue,
  floatValue,
  integers,
  listValue,
  nothing,
  tableValue,
  textValue,
  timestampValue,
} from './amqp-values.ts';

const noUtf8 = Uint8Array.of(0x61, 0xff, 0xc0, 0xed, 0xa0, 0x80);

const edges = [0n, 1n, -1n, 2n ** 31n, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n)];
const mixed = [integers[0]!(-1n), textValue('b'), nothing, listValue([doubleValue(0.5)])];

/** A value of each type that a header can have, by name. */
export const sampleValues: Readonly<Record<string, AmqpValue>> = {
  ...Object.fromEntries(
    integers.flatMap((make) =>
      edges.map((edge) => {
        const value = make(edge);
        return [`the integer ${edge} as ${value.tag}`, value];
      }),
    ),
  ),
  true: booleanValue(1),
  'true in an odd byte': booleanValue(255),
  false: booleanValue(0),
  'a float': floatValue(1.5),
  'a double': doubleValue(-0.1),
  'the smallest double': doubleValue(Number.MIN_VALUE),
  'the largest double': doubleValue(Number.MAX_VALUE),
  'a decimal number': decimalValue(2, 5),
  'a decimal number of 255 places': decimalValue(255, 2 ** 32 - 1),
  'the first time': timestampValue(0n),
  'a time': timestampValue(1_700_000_000n),
  'the last time of a Date': timestampValue(8_640_000_000_000n),
  'a time that no Date has': timestampValue(2n ** 64n - 1n),
  'an empty text': textValue(''),
  'a text that is no UTF-8': textValue(noUtf8),
  'a text of 40,000 bytes': textValue('t'.repeat(40_000)),
  'no bytes': bytesValue(''),
  'bytes that are text': bytesValue('text'),
  'bytes that are no UTF-8': bytesValue(noUtf8),
  nothing,
  'an empty list': listValue([]),
  'a list of all sorts': listValue(mixed),
  'a list of 10,000': listValue(Array.from({ length: 10_000 }, () => nothing)),
  'an empty table': tableValue([]),
  'a table of all sorts': tableValue(mixed.map((value, index) => ({ name: `n${index}`, value }))),
  'a table with odd names': tableValue(
    ['__proto__', 'constructor', '', noUtf8].map((name) => ({ name, value: listValue(mixed) })),
  ),
  ...Object.fromEntries(
    disguisedTables.map((value, index) => [`a table that looks like a type ${index}`, value]),
  ),
  'lists as deep as are told': deepValue(32, 'lists'),
  'lists deeper than are told': deepValue(33, 'lists'),
  '1,000 lists in each other': deepValue(1_000, 'lists'),
  '1,000 tables in each other': deepValue(1_000, 'tables'),
};

const named = (name: string | Uint8Array): AmqpField => ({ name, value: textValue('value') });

/** Oddities of a message beside the values of its headers, by name. */
export const sampleWays: Readonly<Record<string, Partial<AmqpNative>>> = {
  'headers in the table': { placings: ['text'] },
  'headers as bytes': { placings: ['bytes'] },
  'headers as lists': { placings: ['list'] },
  'properties that say something else than the headers': { placings: ['both'] },
  'properties with bytes behind them that are no UTF-8': { placings: ['damaged'] },
  'properties that are full': { placings: ['padded'] },
  'properties that are no UTF-8': {
    texts: { contentEncoding: noUtf8, correlationId: noUtf8, appId: noUtf8, clusterId: noUtf8 },
  },
  'properties that are empty': {
    texts: { contentEncoding: '', correlationId: '', appId: '', clusterId: '' },
  },
  'one reserved flag': { reserved: 1 },
  'the other reserved flag': { reserved: 2 },
  'both reserved flags': { reserved: 3 },
  'a number property at its end': { priority: 255, timestamp: 2n ** 64n - 1n, deliveryMode: 1 },
  'a table that is there twice': { behind: [named('x-twice')], twice: true },
  'a header without a name': { behind: [named('')] },
  'a header with a name of 255 bytes': { behind: [named('n'.repeat(255))] },
  'a header with a name that is no UTF-8': { behind: [named(noUtf8)] },
  'a header with a name that grows as it is read': {
    behind: [named(new Uint8Array(255).fill(0xfe))],
  },
  'headers with names of the language': {
    behind: ['__proto__', 'constructor', 'hasOwnProperty'].map(named),
  },
  'the notes of a broker': {
    behind: [
      { name: 'x-death', value: nothing },
      { name: 'x-first-death-queue', value: listValue(mixed) },
      { name: 'CC', value: listValue([textValue('intake')]) },
    ],
  },
  'a correlation id that is a table': {
    behind: [{ name: headerNames.correlationId, value: tableValue([named('a')]) }],
  },
  'an expiry of nothing': { behind: [{ name: headerNames.expiresAt, value: nothing }] },
  'a start of a trace that is bytes': {
    behind: [{ name: headerNames.traceparent, value: bytesValue(Buffer.from(noUtf8)) }],
  },
};
