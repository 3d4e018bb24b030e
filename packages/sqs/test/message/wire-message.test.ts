import type { Message } from '@aws-sdk/client-sqs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sqsCapabilities } from '../../src/capabilities.ts';
import { snsBytes, sqsBytes } from '../../src/message/limits.ts';
import { readMessage } from '../../src/message/read-message.ts';
import { type WireMessage, fromWire, toWire } from '../../src/message/wire-message.ts';

/** The message as SQS delivers it. */
function received({ body, attributes }: WireMessage): Message {
  return { MessageId: 'native', Body: body, MessageAttributes: { ...attributes } };
}

// eslint-disable-next-line no-control-regex -- these are the characters that SQS refuses
const illegal = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u;

describe('a message on the wire', () => {
  test('should carry any headers and any bytes, in texts that SQS takes', () => {
    const headers = fc.dictionary(
      fc.string({ unit: 'binary' }).map((text) => text.toWellFormed()),
      fc.string({ unit: 'binary' }).map((text) => text.toWellFormed()),
    );
    fc.assert(
      fc.property(headers, fc.uint8Array(), (given, body) => {
        const wire = toWire(given, body);
        expect(wire.body).not.toBe('');
        expect(illegal.test(wire.body)).toBe(false);
        expect(wire.body).not.toMatch(/[\uD800-\uDFFF]/);
        for (const { StringValue = '' } of Object.values(wire.attributes)) {
          expect(illegal.test(StringValue)).toBe(false);
        }
        expect(Object.keys(wire.attributes).length).toBeLessThanOrEqual(2);
        const read = fromWire(received(wire));
        expect(read.headers).toEqual({ ...given });
        expect(Buffer.compare(read.body, body)).toBe(0);
        expect(read.poison).toBeUndefined();
      }),
      { numRuns: 50 },
    );
  });

  test('should leave a text as it is, and a byte order mark too', () => {
    const body = Buffer.from('\uFEFF{"name":"Ärger"}\r\n');
    const wire = toWire({}, body);
    expect(wire.body).toBe('\uFEFF{"name":"Ärger"}\r\n');
    expect(Buffer.compare(fromWire(received(wire)).body, body)).toBe(0);
  });

  test('should fit with the largest body and the largest headers that are promised', () => {
    const { maxBodyBytes, maxEventBodyBytes = 0, maxHeaderBytes } = sqsCapabilities;
    const worst = { 'x-control': '\u0001'.repeat(maxHeaderBytes - 9) };
    const text = { 'x-text': 'x'.repeat(maxHeaderBytes - 6) };
    for (const headers of [worst, text]) {
      for (const fill of [255, 65]) {
        expect(toWire(headers, Buffer.alloc(maxBodyBytes, fill)).bytes).toBeLessThan(
          sqsBytes - 1_024,
        );
        const event = toWire(headers, Buffer.alloc(maxEventBodyBytes, fill));
        expect(event.bytes).toBeLessThan(snsBytes - 1_024);
      }
    }
  });
});

describe('a message that is not ours', () => {
  const foreign: Message = {
    MessageId: 'native',
    Body: '{"Type":"Notification","Message":"hello"}',
    MessageAttributes: {
      tenant: { DataType: 'String', StringValue: 'one' },
      blob: { DataType: 'Binary', BinaryValue: Uint8Array.of(1, 2) },
    },
  };

  const sales = { queue: 'sales', fifo: false };

  test('should be poison with its bytes, its attributes as headers and the setting that would read it', () => {
    const { headers, body, poison } = readMessage(foreign, sales, undefined);
    expect(poison?.code).toBe('UNDECODABLE');
    expect(poison?.message).toContain('nativeMessages');
    expect(Buffer.from(body).toString()).toBe(foreign.Body);
    expect(headers).toEqual({ tenant: 'one', blob: 'AQI=' });
  });

  test('should be read by the mapping that is configured', () => {
    const read = readMessage(foreign, sales, ({ queue, messageId, body, attributes }) => ({
      headers: { 'busbar-message-id': messageId, queue, tenant: attributes['tenant'] ?? '' },
      body: Buffer.from((JSON.parse(body) as { Message: string }).Message),
    }));
    expect(read.poison).toBeUndefined();
    expect(read.headers).toEqual({ 'busbar-message-id': 'native', queue: 'sales', tenant: 'one' });
    expect(Buffer.from(read.body).toString()).toBe('hello');
  });

  test.each([
    ['does not know it', () => undefined],
    [
      'threw: on purpose',
      () => {
        throw new Error('on purpose');
      },
    ],
  ])('should say that the mapping %s', (why, mapping) => {
    expect(readMessage(foreign, sales, mapping).poison?.message).toContain(why);
  });

  test.each([['{"broken'], ['[]'], ['null'], ['{"a":5}']])(
    'should be poison with the headers %s, which are kept',
    (text) => {
      const read = fromWire({
        MessageId: 'native',
        Body: 'body',
        MessageAttributes: { 'busbar-headers': { DataType: 'String', StringValue: text } },
      });
      expect(read.poison?.code).toBe('UNDECODABLE');
      expect(read.headers).toEqual({ 'x-undecodable-headers': text });
      expect(Buffer.from(read.body).toString()).toBe('body');
    },
  );

  test('should be poison with binary headers that are cut off', () => {
    const BinaryValue = Uint8Array.of(0, 0, 0, 9, 1);
    const read = fromWire({
      MessageId: 'native',
      Body: 'body',
      MessageAttributes: { 'busbar-headers': { DataType: 'Binary', BinaryValue } },
    });
    expect(read.poison?.code).toBe('UNDECODABLE');
  });
});
