import { describe, expect, test } from 'vitest';
import { scaled } from '../../support/scale.ts';
import { checkBadInput } from './check-bad-input.ts';
import { foreignSqs, sqs } from './sqs-targets.ts';
import { bare, furnished } from './variants.ts';

const count = scaled('bad-input-sqs');
const limitMs = 120_000;

describe('when input is bad on SQS', () => {
  test(
    'should handle what other endpoints send, or keep it in the error queue as it came',
    async () => {
      const { cases, ends } = await checkBadInput(sqs, bare, count);
      expect(cases).toBe(count);
      expect([...ends.keys()]).toEqual(
        expect.arrayContaining(['handled', 'an error', 'UNDECODABLE', 'UNKNOWN_MESSAGE_TYPE']),
      );
    },
    limitMs,
  );

  test(
    'should do so with what foreign producers write',
    async () => {
      const { cases, ends } = await checkBadInput(foreignSqs, bare, count);
      expect(cases).toBe(count);
      expect(ends.get('UNDECODABLE')).toBeGreaterThan(count / 4);
      expect(ends.get('handled')).toBeGreaterThan(0);
    },
    limitMs,
  );

  test(
    'should do so with an outbox and a claim check',
    async () => {
      const { cases } = await checkBadInput(foreignSqs, furnished, count / 4);
      expect(cases).toBe(count / 4);
    },
    limitMs,
  );
});
