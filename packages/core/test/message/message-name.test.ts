import { Command, describeMessage } from '@busbar/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';

const invalidName = expect.objectContaining({ code: 'INVALID_MESSAGE_NAME' }) as Error;

test.each([
  ['nothing', '', 'is empty'],
  ['a space', 'Place Order', 'U+0020) at position 5'],
  ['a semicolon', 'A;B', 'U+003B'],
  ['a comma', 'A,B', 'U+002C'],
  ['a line break', 'A\nB', 'U+000A'],
  ['a NUL', 'A\0', 'U+0000'],
  ['a no-break space', 'A\u00a0B', 'U+00A0'],
  ['a zero-width space', 'A\u200bB', 'U+200B'],
  ['half a surrogate pair', 'A\ud800', 'U+D800'],
  ['201 characters', 'x'.repeat(201), '201 characters'],
  ['a number', 7, 'is number'],
  ['null', null, 'is null'],
])('should refuse a name with %s', (_what, name, reason) => {
  expect(() => Command(name as string)).toThrow(invalidName);
  expect(() => Command(name as string)).toThrow(reason);
});

test('should accept what services call their messages', () => {
  for (const name of [
    'Sales.PlaceOrder',
    'sales/place-order@2',
    'Größe:Geändert',
    '注文',
    'x'.repeat(200),
  ]) {
    expect(describeMessage(Command(name))?.name).toBe(name);
  }
});

test('should let no name through that would split a header', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 200 }), (name) => {
      try {
        Command(name);
      } catch (error) {
        expect(error).toEqual(invalidName);
        return;
      }
      expect(name.split(/[;,\s]/)).toEqual([name]);
      expect(name.trim()).toBe(name);
      expect(name.isWellFormed()).toBe(true);
    }),
  );
});
