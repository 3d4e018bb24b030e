import { BusbarError, type ClaimStore, headerNames, memoryStore } from '@busbar/core';
import { describe, expect, test } from 'vitest';
import { checkIn, checkOut, claimCheckSettings } from '../../src/claim-check/claim-check.ts';

const limits = { maxBodyBytes: 100 };
const now = Date.UTC(2026, 2, 1);
const bytes = (length: number): Uint8Array => new Uint8Array(length).fill(7);

describe('settings', () => {
  const store = memoryStore();

  test.each([
    [undefined, 100],
    [10, 10],
    [0, 0],
    [1000, 100],
  ])('should make of a threshold of %s, with a transport that takes 100, %i', (asked, bound) => {
    const config = { store, ...(asked !== undefined && { thresholdBytes: asked }) };
    expect(claimCheckSettings(config, limits).thresholdBytes).toBe(bound);
  });

  test.each([
    ['thresholdBytes', { store, thresholdBytes: -1 }, 'INVALID_CONFIGURATION'],
    ['thresholdBytes', { store, thresholdBytes: 1.5 }, 'INVALID_CONFIGURATION'],
    ['store', { store: {} as ClaimStore }, 'INVALID_CONFIGURATION'],
    ['keepFor', { store, keepFor: -1 }, 'INVALID_DURATION'],
  ])('should name %s when it is wrong', (setting, config, code) => {
    expect(() => claimCheckSettings(config, limits)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(`claimCheck.${setting}`) }),
    );
  });
});

describe('checking in', () => {
  const settings = claimCheckSettings({ store: memoryStore() }, limits);

  test('should leave a body of the limit as it is, without a promise', () => {
    const message = { headers: {}, body: bytes(100) };
    expect(checkIn(settings, message, now)).toBe(message);
  });

  test('should let a larger body travel as a claim, and leave the other headers', async () => {
    const message = { headers: { 'tenant-id': 'blue' }, body: bytes(101) };
    const sent = await checkIn(settings, message, now);
    expect(sent.body).toHaveLength(0);
    expect(sent.headers).toEqual({ 'tenant-id': 'blue', [headerNames.claim]: expect.any(String) });
    expect(message.headers).toEqual({ 'tenant-id': 'blue' });
    expect(await checkOut(settings, sent.headers, sent.body)).toEqual(bytes(101));
  });

  test('should fail the send when the body cannot be stored', async () => {
    const store: ClaimStore = {
      name: 'full',
      put: () => Promise.reject(new Error('disk full')),
      get: () => Promise.reject(new Error('not reached')),
    };
    const sending = checkIn(
      claimCheckSettings({ store }, limits),
      { headers: {}, body: bytes(101) },
      now,
    );
    await expect(sending).rejects.toThrow('disk full');
  });

  test.each([
    ['for ever', undefined, {}, undefined],
    ['from now on', '1s', {}, now + 1000],
    ['from when it is due', '1s', { [headerNames.deliverAt]: now + 5000 }, now + 6000],
    [
      'beyond its time to be received, since it may be in the error queue then',
      '1s',
      { [headerNames.expiresAt]: now + 9000 },
      now + 10_000,
    ],
  ] as const)('should keep the body %s', async (_case, keepFor, times, until) => {
    const asked: (number | undefined)[] = [];
    const store: ClaimStore = {
      ...memoryStore(),
      put: async (_claim, _body, expiresAt) => void asked.push(expiresAt),
    };
    const headers = Object.fromEntries(
      Object.entries(times).map(([name, time]) => [name, new Date(time).toISOString()]),
    );
    const keeping = claimCheckSettings({ store, ...(keepFor && { keepFor }) }, limits);
    await checkIn(keeping, { headers, body: bytes(101) }, now);
    expect(asked).toEqual([until]);
  });
});

describe('checking out', () => {
  test('should give the body of a message without a claim, without a promise', () => {
    const body = bytes(3);
    expect(checkOut({ store: memoryStore() }, {}, body)).toBe(body);
    expect(checkOut(undefined, {}, body)).toBe(body);
  });

  test('should say what to configure when a claim comes to an endpoint without a store', () => {
    const received = { [headerNames.claim]: 'a', [headerNames.messageId]: 'm-1' };
    expect(() => checkOut(undefined, received, bytes(0))).toThrow(
      expect.objectContaining({
        code: 'MISSING_CLAIM_CHECK',
        message: expect.stringContaining('directoryStore'),
        details: expect.objectContaining({ messageId: 'm-1' }),
      }),
    );
  });

  test('should say that the stored body is gone', async () => {
    await expect(
      checkOut({ store: memoryStore() }, { [headerNames.claim]: 'gone' }, bytes(0)),
    ).rejects.toMatchObject({ code: 'CLAIM_NOT_FOUND', details: { claim: 'gone' } });
  });

  test.each(['../secret', '/etc/passwd', '..', '', 'a/b', 'a\\b', 'a\0', 'C:x', 'x'.repeat(129)])(
    'should never ask a store for %j',
    (claim) => {
      const asked: string[] = [];
      const store: ClaimStore = {
        name: 'spy',
        put: () => Promise.resolve(),
        get: async (name) => {
          asked.push(name);
          return bytes(0);
        },
      };
      expect(() => checkOut({ store }, { [headerNames.claim]: claim }, bytes(0))).toThrow(
        BusbarError,
      );
      expect(asked).toEqual([]);
    },
  );
});
