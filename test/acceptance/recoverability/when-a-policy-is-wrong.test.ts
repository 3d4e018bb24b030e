import { Command, type RecoveryAction, defineRoutes, handler } from '@busbar/core';
import { createHarness } from '@busbar/testing';
import { describe, expect, test } from 'vitest';

class PlaceOrder extends Command('Sales.PlaceOrder')<{ orderId: string }> {}

const routes = defineRoutes({ sales: [PlaceOrder] });

const answers: readonly [string, () => unknown][] = [
  ['a misspelt action', () => ({ action: 'imediate' })],
  ['a promise', () => Promise.resolve({ action: 'error' })],
  ['a promise that rejects', () => Promise.reject(new Error('no table'))],
  ['nothing', () => undefined],
  ['a delay that is no number', () => ({ action: 'delayed', delayMs: Number.NaN })],
  ['no moment', () => ({ action: 'retry-at' })],
  ['an error queue without a name', () => ({ action: 'error', queue: '' })],
];

describe('when a policy, unchecked by the compiler, is wrong', () => {
  test.each(answers)(
    'should leave the decision to the default where it gives %s',
    async (_, answer) => {
      await using harness = createHarness();
      const sales = harness.endpoint('sales', {
        routes,
        recoverability: { immediate: 1, policy: answer as () => RecoveryAction },
        handlers: [
          handler(PlaceOrder, () => {
            throw new Error('no stock');
          }),
        ],
      });
      await harness.start();
      await sales.send(new PlaceOrder({ orderId: 'A-1' }));
      await harness.advance('1h');
      expect(sales.health().counts).toMatchObject({ failed: 8, movedToError: 1 });
      expect(harness.logger.messages('error')[0]).toBe(
        'The recoverability policy gave no recovery action; the default policy decides about this message',
      );
    },
  );
});
