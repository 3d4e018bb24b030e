import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  correlationState,
  correlationText,
  describeCorrelation,
} from '../../src/saga/correlation-value.ts';

const value = fc.oneof(
  fc.string({ minLength: 1, maxLength: 200, unit: 'grapheme' }),
  fc.maxSafeInteger(),
  fc.bigInt(),
);

test('should survive a state that is stored as JSON', () => {
  fc.assert(
    fc.property(value, fc.constantFrom<unknown>('', 0, undefined), (given, initial) => {
      const text = correlationText(given);
      fc.pre(text !== undefined);
      const kept: unknown = JSON.parse(JSON.stringify(correlationState(text, given, initial)));
      expect(correlationText(kept)).toBe(text);
    }),
  );
});

test('should have no text for anything that is no value, and say what it was', () => {
  fc.assert(
    fc.property(fc.anything(), (given) => {
      const text = correlationText(given);
      if (text === undefined) {
        expect(describeCorrelation(given)).not.toBe('');
        return;
      }
      expect(text).toMatch(/^.{1,200}$/su);
      expect(['string', 'number', 'bigint']).toContain(typeof given);
    }),
  );
});

test('should tell two values apart, or take them for one, by their text alone', () => {
  expect(correlationText(-0)).toBe('0');
  expect(correlationText('0')).toBe('0');
  expect(correlationText('A')).not.toBe(correlationText('a'));
  expect(correlationText(10n ** 250n)).toBeUndefined();
});

test.each([
  ['text', '7', 7, '7'],
  ['number', 0, '7', 7],
  ['number', 0, '007', '007'],
  ['number', 0, 7, 7],
  ['nothing', undefined, 7n, '7'],
  ['nothing', undefined, 7, 7],
])(
  'should be in the state as the initial state has it: %s %o from %o',
  (_, initial, given, kept) => {
    expect(correlationState(String(given), given, initial)).toBe(kept);
  },
);
