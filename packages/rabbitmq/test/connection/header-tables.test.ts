import { Buffer } from 'node:buffer';
import { createRequire } from 'node:module';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { type FrameReader, readAnyHeaders } from '../../src/connection/header-tables.ts';

/** What amqplib's connection does with what it has received, and nothing else of it. */
const require = createRequire(import.meta.url);
const frames = require(path.join(path.dirname(require.resolve('amqplib')), 'lib/frame.js')) as {
  parseFrame(bytes: Buffer, max: number): { readonly rest: Buffer } | false;
  decodeFrame(frame: object): unknown;
};

class Reader implements FrameReader {
  rest: Buffer;

  constructor(received: Buffer) {
    this.rest = received;
  }

  recvFrame(): unknown {
    const frame = frames.parseFrame(this.rest, 0);
    if (frame === false) return false;
    this.rest = frame.rest;
    return frames.decodeFrame(frame);
  }
}

function sized(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function short(text: string): Buffer {
  return Buffer.concat([Buffer.of(Buffer.byteLength(text)), Buffer.from(text)]);
}

function entry(name: string, type: string, value: Buffer): Buffer {
  return Buffer.concat([short(name), Buffer.from(type), value]);
}

const text = (name: string): Buffer => entry(name, 'S', sized(Buffer.from(`of ${name}`)));

/** Content type, encoding, headers and message id, of a body of seven bytes on channel 1. */
function contentHeader(...entries: Buffer[]): Buffer {
  const head = Buffer.from('003c00000000000000000007e080', 'hex');
  const payload = Buffer.concat([
    head,
    short('text/plain'),
    short('gzip'),
    sized(Buffer.concat(entries)),
    short('the id'),
  ]);
  return Buffer.concat([Buffer.of(2, 0, 1), sized(payload), Buffer.of(0xce)]);
}

function lists(depth: number): Buffer {
  const parts: Buffer[] = [];
  for (let left = depth - 1; left >= 0; left -= 1) {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(left * 5);
    parts.push(length);
    if (left > 0) parts.push(Buffer.from('A'));
  }
  return Buffer.concat(parts);
}

function readAll(...received: Buffer[]): Reader {
  const reader = new Reader(Buffer.concat(received));
  readAnyHeaders(reader);
  return reader;
}

const unsigned = entry('big', 'L', Buffer.alloc(8, 0xff));
const deep = entry('deep', 'A', lists(20_000));

describe('reading the header tables of others', () => {
  test('should leave alone what can be decoded, and what has not come whole', () => {
    const frame = contentHeader(text('a'));
    const reader = readAll(frame, frame.subarray(0, 20));
    expect(reader.recvFrame()).toMatchObject({ fields: { headers: { a: 'of a' } } });
    expect(reader.recvFrame()).toBe(false);
    expect(reader.rest).toEqual(frame.subarray(0, 20));
  });

  test('should read a table that cannot be decoded value by value, and go on behind it', () => {
    const next = contentHeader(text('next'));
    const reader = readAll(contentHeader(text('a'), unsigned, deep, text('z')), next);
    expect(reader.recvFrame()).toEqual({
      id: 60,
      channel: 1,
      size: 7,
      fields: expect.objectContaining({
        contentType: 'text/plain',
        contentEncoding: 'gzip',
        messageId: 'the id',
        headers: { a: 'of a', big: '18446744073709551615', deep: '…', z: 'of z' },
      }) as unknown,
    });
    expect(reader.recvFrame()).toMatchObject({ fields: { headers: { next: 'of next' } } });
    expect(reader.recvFrame()).toBe(false);
  });

  test('should hide no header behind one that would be a prototype', () => {
    const prototype = entry('__proto__', 'x', sized(Buffer.of(1, 2)));
    const next = contentHeader(text('next'));
    const reader = readAll(contentHeader(prototype, text('63'), text('z')), next);
    const read = reader.recvFrame() as { fields: { headers: object } };
    expect(Object.entries(read.fields.headers)).toEqual([
      ['63', 'of 63'],
      ['z', 'of z'],
    ]);
    expect(Object.getPrototypeOf(read.fields.headers)).toBe(Object.prototype);
    expect(reader.recvFrame()).toMatchObject({ fields: { headers: { next: 'of next' } } });
  });

  test('should leave out what is behind a value of an unknown type', () => {
    const reader = readAll(contentHeader(text('a'), entry('odd', '?', Buffer.alloc(3)), text('z')));
    expect(reader.recvFrame()).toMatchObject({ fields: { headers: { a: 'of a', odd: '…' } } });
    expect(reader.rest.length).toBe(0);
  });

  test('should not hide what is wrong with other frames', () => {
    const unknownType = Buffer.concat([
      Buffer.of(9, 0, 1),
      sized(Buffer.alloc(2)),
      Buffer.of(0xce),
    ]);
    expect(() => readAll(unknownType).recvFrame()).toThrow('Unknown frame type 9');
    const broken = contentHeader(text('a'));
    broken[broken.length - 1] = 0;
    expect(() => readAll(broken).recvFrame()).toThrow('Invalid frame');
  });
});
