import {
  Command,
  type RecoverabilityOptions,
  RetryAt,
  decideRecovery,
  exponential,
  handler,
} from '@busbar/core';
import { createHarness } from '@busbar/testing';
import { expect, test } from 'vitest';

class ChargeCard extends Command('Billing.ChargeCard')<{ card: string }> {}
class CardDeclined extends Error {}
class RateLimited extends Error {
  readonly resetAt: Date;
  constructor(resetAt: Date) {
    super('Rate limited');
    this.resetAt = resetAt;
  }
}
class Outdated extends Error {}

// #region options
const recoverability: RecoverabilityOptions = {
  immediate: 3,
  delayed: exponential({ attempts: 5, from: '5s', to: '5m' }),
  unrecoverable: [CardDeclined], // to the error queue at once
};
// #endregion

let charge = async (_card: string): Promise<void> => {};

// #region retry-at
const chargeCard = handler(ChargeCard, async ({ card }) => {
  try {
    await charge(card);
  } catch (error) {
    if (error instanceof RateLimited) throw new RetryAt(error.resetAt, { cause: error });
    throw error;
  }
});
// #endregion

// #region policy
const policy: RecoverabilityOptions['policy'] = (failure, settings) => {
  if (failure.error instanceof Outdated) {
    return { action: 'discard', reason: 'a newer price has come' };
  }
  return decideRecovery(failure, settings);
};
// #endregion

test('should retry at once, then later, then park the message with its reason', async () => {
  await using harness = createHarness();
  let attempts = 0;
  charge = async () => {
    attempts += 1;
    throw new Error('The bank does not answer');
  };
  const billing = harness.endpoint('billing', { handlers: [chargeCard], recoverability });
  await harness.start();
  await billing.sendLocal(new ChargeCard({ card: '4111' }));
  await harness.settled();
  expect(attempts).toBe(4);
  await harness.advance('1h');
  expect(attempts).toBe(24);
  const [failed] = await harness.errorQueue();
  expect(failed?.failure).toMatchObject({ message: 'The bank does not answer', attempts: 24 });
});

test('should give up at once, wait until a moment, or discard', async () => {
  await using harness = createHarness();
  const resetAt = new Date(harness.clock.now() + 60_000);
  const problems: Error[] = [new RateLimited(resetAt), new CardDeclined(), new Outdated()];
  charge = async () => {
    const problem = problems.shift();
    if (problem !== undefined) throw problem;
  };
  const options = { ...recoverability, policy };
  const billing = harness.endpoint('billing', { handlers: [chargeCard], recoverability: options });
  await harness.start();
  await billing.sendLocal(new ChargeCard({ card: '1' }));
  await harness.settled();
  await billing.sendLocal(new ChargeCard({ card: '2' }));
  await harness.settled();
  await billing.sendLocal(new ChargeCard({ card: '3' }));
  await harness.settled();
  expect(await harness.errorQueue()).toMatchObject([{ json: { card: '2' } }]);
  expect(harness.observed('discarded')).toMatchObject([{ reason: 'a newer price has come' }]);
  expect(harness.handled(ChargeCard)).toHaveLength(0);
  await harness.advance('1m');
  expect(harness.handled(ChargeCard)).toEqual([new ChargeCard({ card: '1' })]);
});
