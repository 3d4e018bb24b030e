import type { ServiceBusReceivedMessage } from '@azure/service-bus';
import { headerNames } from '@busbar/core';
import { describe, expect, test } from 'vitest';
import { fromWire } from '../../src/message/received.ts';

function received(
  parts: Partial<ServiceBusReceivedMessage>,
  bodyType: 'data' | 'sequence' | 'value' = 'data',
): ServiceBusReceivedMessage {
  return {
    body: Buffer.from('{}'),
    state: 'active',
    _rawAmqpMessage: { body: parts.body as unknown, bodyType },
    ...parts,
  };
}

const text = (body: Uint8Array): string => new TextDecoder().decode(body);

describe('a message of the service', () => {
  test('should have the headers that it was sent with', () => {
    const { headers } = fromWire(
      received({
        correlationId: 'request',
        subject: 'Sales.PlaceOrder',
        messageId: 'native/2',
        applicationProperties: { [headerNames.messageId]: 'the-id', 'x-custom': 'value' },
      }),
    );
    expect(headers).toEqual({
      [headerNames.messageId]: 'the-id',
      [headerNames.correlationId]: 'request',
      [headerNames.enclosedTypes]: 'Sales.PlaceOrder',
      'x-custom': 'value',
    });
  });

  test('should have the id that the service shows where it has no other', () => {
    const { headers } = fromWire(received({ messageId: 17 }));
    expect(headers[headerNames.messageId]).toBe('17');
  });

  test('should have values of any type as text', () => {
    const time = new Date('2026-03-01T12:00:00Z');
    const applicationProperties = {
      number: 1.5,
      yes: true,
      time,
      none: null,
      big: BigInt(10),
    } as never;
    const { headers } = fromWire(received({ applicationProperties }));
    expect(headers).toEqual({
      number: '1.5',
      yes: 'true',
      time: '2026-03-01T12:00:00.000Z',
      none: '',
      big: '10',
    });
  });

  test('should not show what belongs to the transport', () => {
    const applicationProperties = {
      'x-busbar-handed-back': '1',
      'x-busbar-alone': '2',
      bb_up: 'abcdefg',
      'x-busbar-mine': 'kept',
    };
    expect(fromWire(received({ applicationProperties })).headers).toEqual({
      'x-busbar-mine': 'kept',
    });
  });

  test('should say why the service gave it up, where the framework did not', () => {
    const dead = {
      deadLetterReason: 'MaxDeliveryCountExceeded',
      deadLetterErrorDescription: 'It was delivered 10 times.',
      deadLetterSource: 'sales',
      applicationProperties: {
        DeadLetterReason: 'MaxDeliveryCountExceeded',
        DeadLetterErrorDescription: 'It was delivered 10 times.',
      },
    };
    expect(fromWire(received(dead)).headers).toEqual({
      [headerNames.failureType]: 'MaxDeliveryCountExceeded',
      [headerNames.failureMessage]: 'It was delivered 10 times.',
      [headerNames.failedQueue]: 'sales',
    });
    const known = { ...dead, applicationProperties: { [headerNames.failedQueue]: 'billing' } };
    expect(fromWire(received(known)).headers[headerNames.failedQueue]).toBe('billing');
  });

  test('should keep a header that every object has', () => {
    const properties = JSON.parse('{"__proto__": "a", "constructor": "b"}') as Record<
      string,
      string
    >;
    const { headers } = fromWire(received({ applicationProperties: properties }));
    expect(Object.entries(headers)).toEqual([
      ['__proto__', 'a'],
      ['constructor', 'b'],
    ]);
  });

  test('should have its bytes as its body, whatever holds them', () => {
    expect(text(fromWire(received({ body: Buffer.from('abc') })).body)).toBe('abc');
    expect(text(fromWire(received({ body: 'abc' }, 'value')).body)).toBe('abc');
    expect(text(fromWire(received({ body: Buffer.from('abc') }, 'value')).body)).toBe('abc');
    expect(fromWire(received({ body: null }, 'value')).body).toHaveLength(0);
    const sections = [Buffer.from('ab'), Buffer.from('c')];
    expect(text(fromWire(received({ body: sections })).body)).toBe('abc');
  });

  test.each([
    [{ order: '1' }, 'value', '{"order":"1"}'],
    [['a', { b: 1 }], 'sequence', '["a",{"b":1}]'],
    [42, 'value', '42'],
  ] as const)('should be poison when its body is no bytes: %j', (body, bodyType, json) => {
    const { poison, body: bytes } = fromWire(received({ body, messageId: 'm-1' }, bodyType));
    expect(poison?.code).toBe('UNDECODABLE');
    expect(poison?.message).toContain(`an AMQP ${bodyType}`);
    expect(poison?.message).toContain('m-1');
    expect(text(bytes)).toBe(json);
  });
});
