import { describe, expect, test } from 'vitest';
import { judgeSend } from '../../src/sending/send-failure.ts';

const failure = (code: string, message = 'The service says so.'): Error =>
  Object.assign(new Error(message), { code, name: 'ServiceBusError' });

describe('a send that failed', () => {
  test('should tell what is missing apart from all else', () => {
    expect(judgeSend(failure('MessagingEntityNotFound'), 1, 'the queue "a"')).toBe('missing');
  });

  test.each(['ServiceBusy', 'QuotaExceeded', 'UnauthorizedAccess', 'ServiceTimeout', 'ECONNRESET'])(
    'should leave open what may work later: %s',
    (code) => {
      expect(judgeSend(failure(code), 5, 'the queue "a"')).toMatchObject({
        outcome: 'unknown',
        reason: expect.stringContaining('the queue "a"') as string,
      });
    },
  );

  test.each([
    failure('MessageSizeExceeded'),
    failure('GeneralError', 'amqp:not-allowed: The session id is missing.'),
    new TypeError("The property 'subject' must be of type 'string'"),
  ])('should spoil one message, and not the others of a batch: %s', (error) => {
    expect(judgeSend(error, 2, 'the queue "a"')).toBe('one-of-them');
    expect(judgeSend(error, 1, 'the queue "a"')).toMatchObject({ outcome: 'undeliverable' });
  });

  test('should show no tracking ids', () => {
    const error = failure('ServiceBusy', 'Too many requests. TrackingId:1234, SystemTracker:x');
    expect(judgeSend(error, 1, 'the queue "a"')).toEqual({
      outcome: 'unknown',
      reason: 'Azure Service Bus did not take it for the queue "a": Too many requests.',
    });
  });
});
