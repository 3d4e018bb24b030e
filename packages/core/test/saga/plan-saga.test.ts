import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type SagaFacts, type SagaPlan, planFound, planSaga } from '../../src/saga/plan-saga.ts';

const facts: fc.Arbitrary<SagaFacts> = fc.record({
  isTimeout: fc.boolean(),
  addressedTo: fc.constantFrom('this', 'other', 'nobody'),
  finds: fc.constantFrom('by-correlation', 'by-finder', 'by-id'),
  starts: fc.boolean(),
});

const whatever = (check: (plan: SagaPlan, known: SagaFacts) => void): void => {
  fc.assert(fc.property(facts, (known) => check(planSaga(known), known)));
};

test('should start an instance only for a message that may, and that names none', () => {
  whatever(({ otherwise }, { isTimeout, addressedTo, finds, starts }) => {
    if (otherwise !== 'start') return;
    expect({ isTimeout, starts }).toEqual({ isTimeout: false, starts: true });
    expect(addressedTo).not.toBe('this');
    expect(finds).not.toBe('by-id');
  });
});

test('should look by the id for every message that names this saga, and only then', () => {
  whatever(({ look }, { addressedTo }) => {
    expect(look === 'by-id').toBe(addressedTo === 'this');
  });
});

test('should never call the not-found hook for a timeout, nor look for it by anything but its id', () => {
  whatever(({ look, otherwise }, { isTimeout }) => {
    if (!isTimeout) return;
    expect(otherwise).toMatch(/^(drop|skip)$/);
    expect(look).toMatch(/^(by-id|nowhere)$/);
  });
});

test('should drop nothing but timeouts, and skip nothing that could be of this saga', () => {
  whatever(({ look, otherwise }, { isTimeout, addressedTo, finds }) => {
    if (otherwise === 'drop')
      expect({ isTimeout, addressedTo }).toEqual({ isTimeout: true, addressedTo: 'this' });
    if (otherwise !== 'skip') return;
    expect(look).toBe('nowhere');
    expect(addressedTo).not.toBe('this');
    expect(isTimeout || finds === 'by-id').toBe(true);
  });
});

test.each<['id' | 'correlation' | 'nothing', boolean, SagaPlan]>([
  ['id', true, { look: 'by-id', otherwise: 'not-found' }],
  ['id', false, { look: 'by-id', otherwise: 'not-found' }],
  ['correlation', true, { look: 'by-correlation', otherwise: 'start' }],
  ['correlation', false, { look: 'by-correlation', otherwise: 'not-found' }],
  ['nothing', true, { look: 'nowhere', otherwise: 'start' }],
  ['nothing', false, { look: 'nowhere', otherwise: 'not-found' }],
])('should go on with a finder that found %s, starting: %s', (found, starts, plan) => {
  expect(planFound(found, starts)).toEqual(plan);
});
