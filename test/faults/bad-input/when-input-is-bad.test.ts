import { describe, expect, test } from 'vitest';
import { scaled } from '../../support/scale.ts';
import { checkBadInput } from './check-bad-input.ts';
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
});
