import { type TransportOperation, headerNames } from '@busbar/core';
import { describe, expect, test } from 'vitest';
import { toServiceBusMessage } from '../../src/message/to-message.ts';

const now = Date.parse('2026-03-01T12:00:00Z');

function operation(more: Partial<TransportOperation> = {}, headers = {}): TransportOperation {
  return {
    message: {
      headers: { [headerNames.messageId]: 'the-id', ...headers },
      body: new Uint8Array([1, 2, 3]),
    },
    destination: { kind: 'queue', queue: 'sales' },
    ...more,
  };
}

describe('a message on its way to the service', () => {
  test('should have an id that is stable, and another one for each copy', () => {
    expect(toServiceBusMessage(operation(), now).messageId).toBe('the-id');
    const copy = operation({}, { [headerNames.copy]: '2' });
    expect(toServiceBusMessage(copy, now).messageId).toBe('the-id/2');
    const long = operation({}, { [headerNames.messageId]: 'x'.repeat(200) });
    expect(toServiceBusMessage(long, now).messageId).toHaveLength(128);
  });

  test('should show in the properties of the service what others look for', () => {
    const message = toServiceBusMessage(
      operation(
        {},
        {
          [headerNames.correlationId]: 'request',
          [headerNames.contentType]: 'application/json',
          [headerNames.replyTo]: 'web.replies.1',
          [headerNames.enclosedTypes]: 'Sales.PlaceOrder',
          'x-custom': 'value',
        },
      ),
      now,
    );
    expect(message).toMatchObject({
      correlationId: 'request',
      contentType: 'application/json',
      replyTo: 'web.replies.1',
      subject: 'Sales.PlaceOrder',
      applicationProperties: { [headerNames.messageId]: 'the-id', 'x-custom': 'value' },
    });
    expect(message.applicationProperties).not.toHaveProperty([headerNames.replyTo]);
  });

  test('should keep what is too long for a property, or empty, among the headers', () => {
    const types = Array.from({ length: 20 }, (_, index) => `Shop.Event${index}`).join(';');
    const headers = { [headerNames.enclosedTypes]: types, [headerNames.correlationId]: '' };
    const message = toServiceBusMessage(operation({}, headers), now);
    expect(message.subject).toBeUndefined();
    expect(message.correlationId).toBeUndefined();
    expect(message.applicationProperties).toMatchObject(headers);
  });

  test('should have a session, which is its key where it has one', () => {
    expect(toServiceBusMessage(operation({ partitionKey: 'order-1' }), now).sessionId).toBe(
      'order-1',
    );
    expect(toServiceBusMessage(operation(), now).sessionId).toMatch(/^-\d{1,2}$/);
    const long = toServiceBusMessage(operation({ partitionKey: 'k'.repeat(200) }), now).sessionId;
    expect(long).toMatch(/^[0-9a-f]{64}$/);
    expect(toServiceBusMessage(operation({ partitionKey: '' }), now).sessionId).not.toBe('');
  });

  test('should be scheduled only for a time to come', () => {
    const later = toServiceBusMessage(operation({ deliverAt: now + 5_000 }), now);
    expect(later.scheduledEnqueueTimeUtc).toEqual(new Date(now + 5_000));
    const past = toServiceBusMessage(operation({ deliverAt: now - 1 }), now);
    expect(past.scheduledEnqueueTimeUtc).toBeUndefined();
  });

  test('should expire counted from when it can be received, and never sooner than asked', () => {
    expect(toServiceBusMessage(operation({ expiresAt: now + 900 }), now).timeToLive).toBe(900);
    const both = operation({ deliverAt: now + 500, expiresAt: now + 900 });
    expect(toServiceBusMessage(both, now).timeToLive).toBe(400);
    expect(toServiceBusMessage(operation({ expiresAt: now - 5 }), now).timeToLive).toBe(1);
    const far = operation({ expiresAt: now + 2 ** 32 });
    expect(toServiceBusMessage(far, now).timeToLive).toBeUndefined();
  });

  test('should carry a view of a larger buffer as what it shows', () => {
    const body = new Uint8Array([0, 1, 2, 3, 4]).subarray(1, 3);
    const sent = toServiceBusMessage({ ...operation(), message: { headers: {}, body } }, now);
    expect(Buffer.isBuffer(sent.body)).toBe(true);
    expect([...(sent.body as Buffer)]).toEqual([1, 2]);
    expect(sent.messageId).toBeUndefined();
  });
});
