import { Buffer } from 'node:buffer';
import { sqliteTransport } from '@busbar/sqlite';
import { describe, expect, test } from 'vitest';
import { scaled } from '../../support/scale.ts';
import { checkBadInput } from './check-bad-input.ts';
import { Intake } from './intake.ts';
import { sqliteRows, targets } from './transports.ts';
import { bare, furnished, retrying } from './variants.ts';

const count = scaled('bad-input');
const fewCases = 300;
const limitMs = 60_000;

const always = [
  'handled',
  'expired',
  'an error',
  'UNDECODABLE',
  'UNKNOWN_MESSAGE_TYPE',
  'NO_HANDLER',
  'MESSAGE_INVALID',
  'NO_REPLY_ADDRESS',
  'UNDELIVERABLE',
];

describe.each(targets)('when input is bad on $name', (target) => {
  test(
    'should handle it, or keep it in the error queue as it came',
    async () => {
      const { cases, ends } = await checkBadInput(target, bare, count);
      expect(cases).toBe(count);
      expect([...ends.keys()].toSorted()).toEqual([...always, 'MISSING_CLAIM_CHECK'].toSorted());
    },
    limitMs,
  );

  test(
    'should do so with an outbox and a claim check',
    async () => {
      const { ends } = await checkBadInput(target, furnished, count / 4);
      expect([...ends.keys()].toSorted()).toEqual([...always, 'CLAIM_NOT_FOUND'].toSorted());
    },
    limitMs,
  );

  test(
    'should do so when its retries are over',
    async () => {
      const { cases } = await checkBadInput(target, retrying, fewCases);
      expect(cases).toBe(fewCases);
    },
    limitMs,
  );
});

describe('when rows are written by hand', () => {
  test(
    'should handle them, or keep them in the error queue',
    async () => {
      const { ends } = await checkBadInput(sqliteRows, bare, count / 4);
      expect(ends.get('CRASH_LOOP')).toBeGreaterThan(0);
      expect(ends.get('UNDECODABLE')).toBeGreaterThan(0);
      expect(ends.get('handled')).toBeGreaterThan(0);
    },
    limitMs,
  );

  test('should keep what is larger than it could send itself', async () => {
    await using intake = await Intake.start(sqliteRows, bare);
    const { maxBodyBytes, maxHeaderBytes } = sqliteTransport({ file: 'unused.db' }).capabilities;
    const headers = { 'busbar-enclosed-types': 'Bad.Plain' };
    const outcomes = await intake.run(
      [
        { headers, body: new Uint8Array(maxBodyBytes + 1), bare: false },
        {
          headers: { ...headers, 'x-large': '\u0001'.repeat(maxHeaderBytes) },
          body: new Uint8Array(1),
          bare: false,
        },
      ],
      limitMs,
    );
    for (const { input, ends, errors } of outcomes) {
      expect(ends).toEqual(['moved-to-error']);
      const [copy] = errors;
      // A header that no copy can carry is left out, so that the reason has its place.
      expect(copy!.headers).toMatchObject({ ...headers, 'busbar-failure-code': 'UNDECODABLE' });
      expect(copy!.headers).toHaveProperty('busbar-failure-message');
      expect(Buffer.compare(copy!.body, input.body)).toBe(0);
    }
    expect(await intake.problems()).toEqual([]);
  });
});
