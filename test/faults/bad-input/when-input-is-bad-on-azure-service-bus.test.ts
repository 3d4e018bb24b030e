import { describe, expect, test } from 'vitest';
import { scaled } from '../../support/scale.ts';
import { checkBadInput } from './check-bad-input.ts';
import { serviceBus } from './service-bus-target.ts';
import { bare, furnished, retrying } from './variants.ts';

/** Of all targets together; the shares below add up to one. */
const count = scaled('bad-input') / 4;
const shares = { endpoints: 0.7, furnished: 0.2, retrying: 0.1 };
const limitMs = 120_000;

describe('when input is bad on Azure Service Bus', () => {
  test.for([
    ['handle it, or keep it in the error queue as it came', bare, shares.endpoints],
    ['do so with an outbox and a claim check', furnished, shares.furnished],
    ['do so when its retries are over', retrying, shares.retrying],
  ] as const)('should %s', { timeout: limitMs }, async ([, variant, share]) => {
    const wanted = count * share;
    const { cases } = await checkBadInput(serviceBus(), variant, wanted);
    expect(cases).toBe(wanted);
  });
});
