import { Buffer } from 'node:buffer';
import type { Message, MessageProperties } from 'amqplib';
import { describe, expect, test } from 'vitest';
import { copyAfterLook, deliveriesOf, movedCopy } from '../../src/topology/stored-copy.ts';

function message(properties: Partial<MessageProperties>): Message {
  return {
    content: Buffer.from('body'),
    properties,
    fields: { redelivered: true },
  } as unknown as Message;
}

const foreign = message({
  messageId: 'one',
  appId: 'legacy',
  userId: 'alice',
  expiration: '5000',
  deliveryMode: 1,
  headers: {
    text: 'a',
    number: 7,
    when: { '!': 'timestamp', value: 1_700_000_000 },
    CC: ['elsewhere'],
    'x-delivery-count': 3,
    'x-death': [{ queue: 'a' }],
    'x-busbar-deliveries': '4',
    'x-busbar-alone': '4',
  } as unknown as NonNullable<MessageProperties['headers']>,
});

describe('a copy of a stored message', () => {
  test('should be a first one elsewhere, with what its sender wrote', () => {
    const copy = movedCopy(foreign, 'target', { text: undefined, added: 'b' });
    expect(copy).toEqual({
      exchange: '',
      routingKey: 'target',
      content: Buffer.from('body'),
      options: {
        messageId: 'one',
        appId: 'legacy',
        persistent: true,
        mandatory: true,
        headers: { number: 7, when: { '!': 'timestamp', value: 1_700_000_000 }, added: 'b' },
      },
    });
  });

  test('should change what it is told to, whatever type it had', () => {
    const changes = { number: 'seven', when: undefined, 'busbar-message-id': 'two' };
    const { options } = movedCopy(foreign, 'target', changes);
    expect(options).toMatchObject({ messageId: 'two', headers: { number: 'seven', text: 'a' } });
    expect(options.headers).not.toHaveProperty('when');
  });

  test('should take the place of one that was looked at too often', () => {
    const counted = (count: number, more: object = {}): Message =>
      message({ messageId: 'one', headers: { 'x-delivery-count': count, ...more } });
    const copied = (from: Message, worn = 10): object | undefined =>
      copyAfterLook(from, 'same', worn)?.options.headers as object | undefined;
    expect(copied(message({}))).toBeUndefined();
    expect(copied(counted(9))).toBeUndefined();
    expect(copied(counted(10))).toEqual({ 'x-busbar-deliveries': '10' });
    expect(copied(counted(2), 2)).toEqual({ 'x-busbar-deliveries': '2' });
    expect(copied(counted(12, { 'x-busbar-deliveries': '3' }))).toEqual({
      'x-busbar-deliveries': '15',
    });
    // A look must not be taken for the death of a process that handled it alone; what came before is kept.
    const alone = { 'x-busbar-deliveries': '6', 'x-busbar-alone': '6' };
    expect(copied(counted(0, alone))).toEqual(alone);
    expect(copied(counted(1, alone))).toEqual({ ...alone, 'x-busbar-deliveries': '7' });
  });

  test('should be made by what the broker counts', () => {
    expect(deliveriesOf(foreign)).toBe(3);
    expect(deliveriesOf(message({}))).toBe(0);
  });
});
