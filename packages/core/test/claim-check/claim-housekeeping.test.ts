import { describe, expect, test } from 'vitest';
import { removeExpiredClaims } from '../../src/claim-check/claim-housekeeping.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { ManualClock } from '../support/manual-clock.ts';

const hourMs = 60 * 60 * 1_000;

function countingStore(): {
  calls: number;
  name: string;
  put(): Promise<void>;
  get(): Promise<Uint8Array>;
  removeExpired(): Promise<number>;
} {
  return {
    calls: 0,
    name: 'counting',
    put: () => Promise.resolve(),
    get: () => Promise.resolve(new Uint8Array()),
    removeExpired() {
      this.calls += 1;
      return Promise.reject(new Error('the share is not mounted'));
    },
  };
}

describe('removeExpiredClaims', () => {
  test('should remove once an hour, failures notwithstanding, until it is stopped', async () => {
    const clock = new ManualClock();
    const store = countingStore();
    const housekeeping = removeExpiredClaims(
      { store, thresholdBytes: 1, keepForMs: 1 },
      clock,
      silentLogger,
    );
    await clock.advance(3 * hourMs);
    expect(store.calls).toBe(3);
    housekeeping.stop();
    await clock.advance(3 * hourMs);
    expect(store.calls).toBe(3);
  });

  test('should leave a store alone whose bodies are kept for ever', async () => {
    const clock = new ManualClock();
    const store = countingStore();
    removeExpiredClaims({ store, thresholdBytes: 1, keepForMs: undefined }, clock, silentLogger);
    await clock.advance(3 * hourMs);
    expect(store.calls).toBe(0);
  });
});
