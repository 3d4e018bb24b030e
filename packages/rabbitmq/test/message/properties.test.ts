import { Buffer } from 'node:buffer';
import type { MessageProperties, Options } from 'amqplib';
import { headerNames } from '@busbar/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nativeIdOf } from '../../src/message/native-id.ts';
import { toHeaders, toProperties } from '../../src/message/properties.ts';

/** What a consumer gets of what was published. */
function received(options: Options.Publish): MessageProperties {
  return options as unknown as MessageProperties;
}

function foreign(properties: object): MessageProperties {
  return { headers: {}, ...properties } as unknown as MessageProperties;
}

describe('headers as AMQP properties', () => {
  test('should be what other clients look for, and sent once', () => {
    const options = toProperties({
      [headerNames.messageId]: 'id',
      [headerNames.correlationId]: 'correlation',
      [headerNames.replyTo]: 'replies',
      [headerNames.contentType]: 'application/json',
      [headerNames.enclosedTypes]: 'Sales.OrderPlaced',
      'x-other': 'value',
    });
    expect(options).toEqual({
      persistent: true,
      messageId: 'id',
      correlationId: 'correlation',
      replyTo: 'replies',
      contentType: 'application/json',
      type: 'Sales.OrderPlaced',
      headers: { 'x-other': 'value' },
    });
  });

  test('should come back as they were', () => {
    const names = fc.oneof(
      fc.constantFrom(...Object.values(headerNames)),
      fc.string({ minLength: 1 }),
    );
    const values = fc.oneof(
      fc.string(),
      fc.string({ unit: 'grapheme', minLength: 80, maxLength: 300 }),
    );
    fc.assert(
      fc.property(fc.dictionary(names, values), (headers) => {
        const sendable = Object.fromEntries(
          Object.entries(headers).filter(
            ([name]) => !name.startsWith('x-') && name !== '__proto__',
          ),
        );
        expect(toHeaders(received(toProperties(sendable)))).toEqual(sendable);
      }),
    );
  });

  test('should stay in the table where a property is too short for them', () => {
    const id = 'ä'.repeat(128);
    const options = toProperties({ [headerNames.messageId]: id });
    expect(options.messageId).toBeUndefined();
    expect(options.headers).toEqual({ [headerNames.messageId]: id });
    expect(toProperties({ [headerNames.messageId]: 'a'.repeat(255) }).messageId).toHaveLength(255);
  });

  test('should be read from the table first', () => {
    const properties = foreign({
      messageId: 'property',
      headers: { [headerNames.messageId]: 'table' },
    });
    expect(toHeaders(properties)[headerNames.messageId]).toBe('table');
  });

  test('should be text whatever another client wrote', () => {
    const headers = {
      text: 'text',
      bytes: Buffer.from('bytes'),
      number: 1.5,
      big: 2 ** 53,
      yes: true,
      nothing: null,
      list: ['a', 1, Buffer.from('c')],
      table: { a: 1, b: 'two' },
      time: { '!': 'timestamp', value: 1_700_000_000 },
      noTime: { '!': 'timestamp', value: 9e15 },
      price: { '!': 'decimal', value: { places: 2, digits: 5 } },
      whole: { '!': 'decimal', value: { places: 0, digits: 5 } },
    };
    expect(toHeaders(foreign({ headers }))).toEqual({
      text: 'text',
      bytes: 'bytes',
      number: '1.5',
      big: '9007199254740992',
      yes: 'true',
      nothing: '',
      list: 'a;1;c',
      table: 'a=1,b=two',
      time: '2023-11-14T22:13:20.000Z',
      noTime: '9000000000000000',
      price: '0.05',
      whole: '5',
    });
  });

  test('should leave out what the broker and the transport noted', () => {
    const headers = {
      'x-death': [{}],
      'x-delivery-count': 3,
      'x-busbar-deliveries': '4',
      'x-mine': 'kept',
    };
    expect(toHeaders(foreign({ headers }))).toEqual({ 'x-mine': 'kept' });
  });

  test('should survive a name that is special to the language', () => {
    const headers = Object.defineProperty({}, '__proto__', { value: 'value', enumerable: true });
    const read = toHeaders(foreign({ headers }));
    expect(Object.entries(read)).toEqual([['__proto__', 'value']]);
  });
});

describe('the name of a stored message', () => {
  test('should be its id and the ordinal of the copy', () => {
    const body = Buffer.from('');
    expect(nativeIdOf({ [headerNames.messageId]: 'id' }, foreign({}), body)).toBe('id');
    const copy = { [headerNames.messageId]: 'id', [headerNames.copy]: '2' };
    expect(nativeIdOf(copy, foreign({}), body)).toBe('id/2');
  });

  test('should be the same at each look for a message without an id', () => {
    const name = nativeIdOf({ a: '1' }, foreign({ appId: 'app' }), Buffer.from('body'));
    expect(name).toMatch(/^[0-9a-f]{40}$/);
    expect(nativeIdOf({ a: '1' }, foreign({ appId: 'app' }), Buffer.from('body'))).toBe(name);
    expect(nativeIdOf({ a: '1' }, foreign({ appId: 'app' }), Buffer.from('other'))).not.toBe(name);
  });
});
