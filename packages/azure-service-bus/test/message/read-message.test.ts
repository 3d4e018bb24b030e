import type { ServiceBusReceivedMessage } from '@azure/service-bus';
import type { NativeMessage, NativeMessageMapping } from '@busbar/azure-service-bus';
import { headerNames } from '@busbar/core';
import { describe, expect, test } from 'vitest';
import { readMessage } from '../../src/message/read-message.ts';
import { toServiceBusMessage } from '../../src/message/to-message.ts';

type BodyType = 'data' | 'sequence' | 'value';

function received(
  parts: Partial<ServiceBusReceivedMessage>,
  bodyType: BodyType = 'data',
): ServiceBusReceivedMessage {
  return {
    body: Buffer.from('text'),
    messageId: 'native',
    state: 'active',
    _rawAmqpMessage: { body: parts.body as unknown, bodyType },
    ...parts,
  };
}

const headers = { [headerNames.messageId]: 'm' };
const body = Buffer.from('mapped');
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

const read = (mapped: unknown): ReturnType<typeof readMessage> =>
  readMessage(received({}), 'queue', (() => mapped) as NativeMessageMapping);

/** What the mapping is given. */
function shown(message: ServiceBusReceivedMessage): NativeMessage | undefined {
  let native: NativeMessage | undefined;
  readMessage(message, 'queue', (given) => {
    native = given;
    return undefined;
  });
  return native;
}

describe('a bad mapping', () => {
  test.each([
    ['a promise', Promise.resolve({ headers, body }), /returned a promise/],
    ['no headers', { body }, /returned no object as `headers`/],
    ['no bytes', { headers, body: 'text' }, /returned no Uint8Array as `body`/],
    [
      'a header that is a number',
      { headers: { size: 3 }, body },
      /a header "size" that is no text/,
    ],
    ['null', null, /returned no Uint8Array/],
    ['undefined', undefined, /the option `nativeMessages` does not know it/],
  ])('that returns %s makes the message undecodable', (_what, mapped, reason) => {
    const { poison, body: kept } = read(mapped);
    expect(poison?.code).toBe('UNDECODABLE');
    expect(poison?.message).toMatch(reason);
    expect(text(kept)).toBe('text');
  });

  test('that throws does so, with the properties as headers and a value as JSON', () => {
    const message = received(
      { body: { a: 1 }, applicationProperties: { n: 1 }, subject: 'sold' },
      'value',
    );
    const { poison, ...kept } = readMessage(message, 'queue', () => {
      throw new Error('on purpose');
    });
    expect(poison?.message).toContain('the option `nativeMessages` threw: on purpose');
    expect(kept.headers).toEqual({
      n: '1',
      [headerNames.messageId]: 'native',
      [headerNames.enclosedTypes]: 'sold',
    });
    expect(text(kept.body)).toBe('{"a":1}');
  });

  test('that is async rejects without ending the process', async () => {
    const mapping = (async () => {
      throw new Error('on purpose');
    }) as unknown as NativeMessageMapping;
    expect(readMessage(received({}), 'queue', mapping).poison?.message).toMatch(/a promise/);
    await new Promise((resolve) => setImmediate(resolve));
  });
});

describe('a mapping', () => {
  test('should say what is handled', () => {
    const mapped = read({ headers: { ...headers, more: 'x' }, body });
    expect(mapped).toEqual({ headers: { ...headers, more: 'x' }, body: new Uint8Array(body) });
  });

  test('should be shown all that the producer wrote, typed as it was', () => {
    const applicationProperties = {
      source: 'shop',
      n: 1.5,
      yes: true,
      'x-busbar-handed-back': '1',
    };
    const message = received({
      subject: 'sold',
      contentType: 'text/plain',
      correlationId: 17,
      replyTo: 'answers',
      to: 'somewhere',
      sessionId: 'account-1',
      applicationProperties,
    });
    expect(shown(message)).toEqual({
      queue: 'queue',
      messageId: 'native',
      body: new Uint8Array(Buffer.from('text')),
      subject: 'sold',
      contentType: 'text/plain',
      correlationId: '17',
      replyTo: 'answers',
      to: 'somewhere',
      sessionId: 'account-1',
      applicationProperties: { source: 'shop', n: 1.5, yes: true },
    });
    expect(shown(received({ messageId: undefined as never }))).toEqual({
      queue: 'queue',
      messageId: '',
      body: new Uint8Array(Buffer.from('text')),
      applicationProperties: {},
    });
  });

  test.each<[string, unknown, BodyType, unknown]>([
    ['bytes', Buffer.from('ab'), 'data', Uint8Array.of(97, 98)],
    ['several sections of bytes', [Buffer.from('a'), Buffer.from('b')], 'data', Buffer.from('ab')],
    ['no body', undefined, 'data', new Uint8Array()],
    ['a text', 'text', 'value', 'text'],
    ['an object', { a: [1] }, 'value', { a: [1] }],
    ['a number', 42, 'value', 42],
    ['a sequence', ['a', { b: 1 }], 'sequence', ['a', { b: 1 }]],
  ])('should be shown %s as the body', (_what, given, bodyType, expected) => {
    expect(shown(received({ body: given }, bodyType))?.body).toEqual(expected);
  });

  test('should leave the id and the session of the message where it says nothing of them', () => {
    const message = received({ sessionId: 'account-1' });
    const keys = (mapped: Record<string, string>): Record<string, string> =>
      readMessage(message, 'queue', () => ({ headers: mapped, body })).headers;
    const own = { [headerNames.messageId]: 'own', [headerNames.partitionKey]: 'own-key' };
    expect(keys({})).toEqual({
      [headerNames.messageId]: 'native',
      [headerNames.partitionKey]: 'account-1',
    });
    expect(keys(own)).toEqual(own);
  });

  test('should find the session that is hidden from the SDK', () => {
    const message = received({});
    const properties = { groupId: 'account-1' };
    Object.assign(message._rawAmqpMessage, { properties });
    expect(shown(message)?.sessionId).toBe('account-1');
  });

  test('should keep what is noted of one body from other messages', () => {
    const mapping: NativeMessageMapping = () => ({ headers, body });
    const [one, other] = [1, 2].map(() => readMessage(received({}), 'queue', mapping).body);
    expect(one).not.toBe(other);
  });

  test('should not hide why the service gave a message up', () => {
    const dead = received({ deadLetterReason: 'Unwanted', deadLetterSource: 'sales' });
    expect(readMessage(dead, 'sales', () => ({ headers, body })).headers).toEqual({
      ...headers,
      [headerNames.failureType]: 'Unwanted',
      [headerNames.failureMessage]: 'Unwanted',
      [headerNames.failedQueue]: 'sales',
    });
  });

  test.each<[string, Record<string, string>]>([
    ['an endpoint sent', { [headerNames.messageId]: 'ours' }],
    ['an envelope left without the headers of the framework', { 'ce-id': 'ours' }],
    ['knows the headers of the framework', { [headerNames.enclosedTypes]: 'T'.repeat(200) }],
  ])('should not be asked about what %s', (_what, sent) => {
    const { body: bytes, ...wire } = toServiceBusMessage(
      {
        message: { headers: sent, body: Buffer.from('ours') },
        destination: { kind: 'queue', queue: 'queue' },
      },
      0,
    );
    const message = received({ ...wire, body: bytes as unknown, messageId: 'ours' });
    const result = readMessage(message, 'queue', () => {
      throw new Error('asked');
    });
    expect(result.poison).toBeUndefined();
    expect(result.headers).toEqual({ [headerNames.messageId]: 'ours', ...sent });
  });
});
