import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BusbarError } from '../../src/errors.ts';
import {
  type Failure,
  type RecoverySettings,
  decideRecovery,
} from '../../src/recoverability/decide-recovery.ts';
import { fixed, linear } from '../../src/recoverability/delays.ts';
import { RetryAt } from '../../src/recoverability/retry-at.ts';

class ValidationError extends Error {}
class StricterValidationError extends ValidationError {}

const settings: RecoverySettings = {
  immediate: 5,
  delayed: linear({ attempts: 3, step: '10s' }),
  unrecoverable: [ValidationError],
};

const failure = (changes: Partial<Failure>): Failure => ({
  messageId: 'm',
  headers: {},
  error: new Error('boom'),
  immediateFailures: 1,
  delayedAttempts: 0,
  now: 1_000,
  random: 0.5,
  ...changes,
});

describe('decideRecovery', () => {
  test('should try at once as often as is allowed, then later', () => {
    expect(decideRecovery(failure({ immediateFailures: 5 }), settings)).toEqual({
      action: 'immediate',
    });
    expect(decideRecovery(failure({ immediateFailures: 6 }), settings)).toEqual({
      action: 'delayed',
      delayMs: 10_000,
    });
  });

  test('should grow the delay and end in the error queue', () => {
    const exhausted = { immediateFailures: 6 };
    expect(decideRecovery(failure({ ...exhausted, delayedAttempts: 2 }), settings)).toEqual({
      action: 'delayed',
      delayMs: 30_000,
    });
    expect(decideRecovery(failure({ ...exhausted, delayedAttempts: 3 }), settings)).toEqual({
      action: 'error',
    });
  });

  test('should not try again what is unrecoverable, subclasses included', () => {
    for (const error of [new ValidationError(), new StricterValidationError()]) {
      expect(decideRecovery(failure({ error }), settings)).toEqual({ action: 'error' });
    }
  });

  test.each(['UNDECODABLE', 'MESSAGE_INVALID', 'CRASH_LOOP', 'MISSING_CLAIM_CHECK'] as const)(
    'should move %s to the error queue at once',
    (code) => {
      const error = new BusbarError(code, 'It failed.');
      expect(decideRecovery(failure({ error }), settings)).toEqual({ action: 'error' });
    },
  );

  test.each(['UNKNOWN_MESSAGE_TYPE', 'NO_HANDLER'] as const)(
    'should wait before %s is tried again, since a deployment may be on its way',
    (code) => {
      const error = new BusbarError(code, 'It failed.');
      expect(decideRecovery(failure({ error }), settings)).toEqual({
        action: 'delayed',
        delayMs: 10_000,
      });
      expect(decideRecovery(failure({ error, delayedAttempts: 3 }), settings)).toEqual({
        action: 'error',
      });
    },
  );

  test('should try again what a handler threw, whatever its code', () => {
    const error = new BusbarError('MESSAGE_INVALID', 'The handler sent something invalid.');
    const thrown = failure({ error, handler: 'PlaceOrderHandler.place' });
    expect(decideRecovery(thrown, settings)).toEqual({ action: 'immediate' });
  });

  test('should honour the moment that a handler names, though no earlier than now', () => {
    const later = failure({ error: new RetryAt(new Date(9_000)), delayedAttempts: 99 });
    expect(decideRecovery(later, settings)).toEqual({ action: 'retry-at', at: 9_000 });
    const past = failure({ error: new RetryAt(new Date(1)) });
    expect(decideRecovery(past, settings)).toEqual({ action: 'retry-at', at: 1_000 });
  });

  test('should make exactly (immediate + 1) times (delayed + 1) attempts, whatever the settings', () => {
    fc.assert(
      fc.property(fc.nat(12), fc.nat(12), (immediate, attempts) => {
        const own = { immediate, delayed: fixed({ attempts, delay: 1 }), unrecoverable: [] };
        expect(attemptsUntilError(own)).toBe((immediate + 1) * (attempts + 1));
      }),
    );
  });
});

function attemptsUntilError(own: RecoverySettings): number {
  let attempts = 0;
  let immediateFailures = 0;
  let delayedAttempts = 0;
  for (;;) {
    attempts += 1;
    immediateFailures += 1;
    const { action } = decideRecovery(failure({ immediateFailures, delayedAttempts }), own);
    if (action === 'error') return attempts;
    if (action === 'delayed') {
      immediateFailures = 0;
      delayedAttempts += 1;
    }
  }
}
