import { BusbarError } from '@busbar/core';
import { describe, expect, test } from 'vitest';
import { brokerText, differenceOf, toBusbarError } from '../../src/topology/refusal.ts';

/** As amqplib says it, with the texts of RabbitMQ 3.10 and 4.0. */
function refused(code: number, text: string): Error {
  const message = `Operation failed: QueueDeclare; ${code} (X) with message "${text}"`;
  return Object.assign(new Error(message), { code });
}

const inequivalent = (rest: string): Error =>
  refused(406, `PRECONDITION_FAILED - inequivalent arg ${rest}`);

describe('what the broker refuses', () => {
  test('should be told in its own words', () => {
    const text = "NOT_FOUND - no queue 'a' in vhost '/'";
    expect(brokerText(refused(404, text))).toBe("no queue 'a' in vhost '/'");
    expect(brokerText(new Error('Channel ended'))).toBe('Channel ended');
  });

  test('should name the difference, and what there is', () => {
    const at = "for queue 'a: b' in vhost '/'";
    const differences: [string, unknown][] = [
      [`'x-queue-type' ${at}: received 'quorum' but current is 'classic'`, 'classic'],
      [
        `'x-queue-type' ${at}: received the value 'quorum' of type 'longstr' but current is none`,
        undefined,
      ],
      [
        `'x-max-length' ${at}: received none but current is the value '100' of type 'signedint'`,
        100,
      ],
      [
        `'x-single-active-consumer' ${at}: received none but current is the value 'true' of type 'bool'`,
        true,
      ],
      [
        `'x-dead-letter-exchange' ${at}: received none but current is the value '7' of type 'longstr'`,
        '7',
      ],
      [`'x-message-ttl' ${at}: received '2000' but current is '1000'`, 1_000],
      [`'durable' ${at}: received 'true' but current is 'false'`, false],
    ];
    for (const [text, current] of differences) {
      const [, argument] = /^'([^']+)'/.exec(text) ?? [];
      expect(differenceOf(inequivalent(text))).toEqual({ argument, current });
    }
    expect(differenceOf(refused(406, 'PRECONDITION_FAILED - invalid arg'))).toBeUndefined();
  });

  test('should be an error of the set-up, and a failure one of the connection', () => {
    const codeOf = (error: unknown): string => toBusbarError(error, 'declaring').code;
    expect(codeOf(refused(403, 'ACCESS_REFUSED - no'))).toBe('INVALID_CONFIGURATION');
    expect(codeOf(refused(406, 'PRECONDITION_FAILED - no'))).toBe('INVALID_CONFIGURATION');
    expect(codeOf(refused(541, 'INTERNAL_ERROR'))).toBe('TRANSPORT_UNAVAILABLE');
    expect(codeOf(refused(320, 'CONNECTION_FORCED'))).toBe('TRANSPORT_UNAVAILABLE');
    expect(codeOf(new Error('Channel ended'))).toBe('TRANSPORT_UNAVAILABLE');
    const own = new BusbarError('UNDELIVERABLE', 'No.');
    expect(toBusbarError(own, 'declaring')).toBe(own);
  });
});
