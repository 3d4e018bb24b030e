import { Command, Event, type RecoverabilityOptions, fixed, handler } from '@busbar/core';
import { createHarness } from '@busbar/testing';
import { expect, test } from 'vitest';

class Deposit extends Command('Bank.Deposit')<{ account: string; amount: number }> {}
class BalanceChanged extends Event('Bank.BalanceChanged')<{ account: string; balance: number }> {}

// #region block
const recoverability: RecoverabilityOptions = {
  onLaneFailure: 'block', // later messages of the key wait until this one succeeded or is given up
  immediate: 1,
  delayed: fixed({ attempts: 2, delay: '1s' }),
};
// #endregion

test('should handle the messages of one key one after the other', async () => {
  await using harness = createHarness();
  const seen: number[] = [];
  let failures = 2;
  const deposit = handler(Deposit, async ({ account, amount }, context) => {
    if (amount === 1 && failures > 0) {
      failures -= 1;
      throw new Error('The ledger is locked');
    }
    seen.push(amount);
    // #region publish
    await context.publish(new BalanceChanged({ account, balance: amount }), {
      partitionKey: account,
    });
    // #endregion
  });
  const bank = harness.endpoint('bank', { handlers: [deposit], recoverability });
  await harness.start();
  const account = 'CH-1';

  // #region send
  await bank.sendLocal(new Deposit({ account, amount: 1 }), { partitionKey: account });
  await bank.sendLocal(new Deposit({ account, amount: 2 }), { partitionKey: account });
  // #endregion

  await harness.advance('10s');
  expect(seen).toEqual([1, 2]);
});
