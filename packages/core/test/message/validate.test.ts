import { Command, Event, type MessageSchema, definitionOf } from '@busbar/core';
import { describe, expect, test } from 'vitest';
import { later, object } from '../types/schema.ts';
import { validate } from '../../src/message/validate.ts';

const schema = object({ id: 'string', at: 'date' });
class Checked extends Command('Test.Checked', schema) {}
class Later extends Command('Test.Later', later(schema)) {}
class Unchecked extends Command('Test.Unchecked') {}
const invalid = expect.objectContaining({ code: 'MESSAGE_INVALID' }) as Error;
const wire = { id: 'A-1', at: '2026-01-01T00:00:00.000Z', unknown: 1 };
const value = { id: 'A-1', at: new Date('2026-01-01') };

function withSchema(check: (value: unknown) => unknown): ReturnType<typeof definitionOf> {
  const made = { '~standard': { version: 1, vendor: 'test', validate: check } };
  return definitionOf(Command('Test.Made', made as MessageSchema));
}

test('should give what the schema makes of it, at once', () => {
  expect(validate(definitionOf(Checked), wire)).toEqual(value);
  expect(validate(definitionOf(Unchecked), wire)).toBe(wire);
});

test('should give a promise only for an asynchronous schema', async () => {
  const result = validate(definitionOf(Later), wire);
  expect(result).toBeInstanceOf(Promise);
  await expect(result).resolves.toEqual(value);
  await expect(validate(definitionOf(Later), { id: 1 })).rejects.toThrow('id: expected a string');
});

test('should wait for a promise of another make', async () => {
  const definition = withSchema(() => ({
    // oxlint-disable-next-line unicorn/no-thenable -- that is what it is about
    then: (resolve: (result: object) => void) => resolve({ value: { id: 1 } }),
  }));
  await expect(validate(definition, {})).resolves.toEqual({ id: 1 });
});

test('should name the message, the paths and what is wrong there', () => {
  expect(() => validate(definitionOf(Checked), { id: 1 })).toThrow(invalid);
  expect(() => validate(definitionOf(Checked), { id: 1 })).toThrow(
    'Test.Checked is not valid: id: expected a string; at: expected a date.',
  );
  const deep = withSchema(() => ({
    issues: [{ message: 'too long', path: ['lines', 2, { key: 'sku' }] }, { message: 'no' }],
  }));
  expect(() => validate(deep, {})).toThrow('lines[2].sku: too long; no.');
});

test('should keep the list of issues short', () => {
  const issues = Array.from({ length: 500 }, () => ({ message: 'x'.repeat(5000) }));
  const error = caught(() =>
    validate(
      withSchema(() => ({ issues })),
      {},
    ),
  );
  expect(error.message.length).toBeLessThan(3000);
  expect(error.message).toContain('and 490 more');
});

test.each([
  ['null', null, 'got null'],
  ['an array', [], 'got an array'],
  ['a string', 'text', 'got string'],
  ['nothing', undefined, 'got undefined'],
])('should refuse %s, which is no object', (_what, body, text) => {
  expect(() => validate(definitionOf(Unchecked), body)).toThrow(invalid);
  expect(() => validate(definitionOf(Checked), body)).toThrow(text);
});

test('should refuse what a schema makes when it is no object', () => {
  const definition = withSchema(() => ({ value: 'text' }));
  expect(() => validate(definition, {})).toThrow('the schema made string of it');
});

test('should not let the exception of a schema pass for anything else', async () => {
  const boom = new Error('boom');
  const throws = withSchema(() => {
    throw boom;
  });
  expect(caught(() => validate(throws, {}))).toMatchObject({
    code: 'MESSAGE_INVALID',
    cause: boom,
  });
  const rejects = withSchema(() => Promise.reject(boom));
  await expect(validate(rejects, {})).rejects.toMatchObject({
    code: 'MESSAGE_INVALID',
    cause: boom,
  });
});

describe('of a derived event', () => {
  class Base extends Event('Test.Base', object({ id: 'string' })) {}
  class OpenBase extends Event('Test.OpenBase')<{ id: string }> {}
  const more = object({ level: 'number' });
  const sent = { id: 'A-1', level: 1, other: 2 };

  test('should check the base and the derived part', () => {
    class Derived extends Event('Test.Derived', { extends: Base, schema: more }) {}
    expect(validate(definitionOf(Derived), sent)).toEqual({ id: 'A-1', level: 1 });
    expect(() => validate(definitionOf(Derived), {})).toThrow(
      'id: expected a string; level: expected a number',
    );
  });

  test('should keep what a side without schema adds', () => {
    class Derived extends Event('Test.Derived2', { extends: Base })<{ level: number }> {}
    class Checking extends Event('Test.Checking', { extends: OpenBase, schema: more }) {}
    expect(validate(definitionOf(Derived), sent)).toEqual(sent);
    expect(validate(definitionOf(Checking), sent)).toEqual(sent);
    expect(() => validate(definitionOf(Derived), { level: 1 })).toThrow('id: expected a string');
  });

  test('should wait when one of the two is asynchronous', async () => {
    class Derived extends Event('Test.Derived3', { extends: Base, schema: later(more) }) {}
    await expect(validate(definitionOf(Derived), sent)).resolves.toEqual({ id: 'A-1', level: 1 });
    await expect(validate(definitionOf(Derived), {})).rejects.toThrow(invalid);
  });
});

function caught(run: () => unknown): Error {
  try {
    run();
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was thrown');
}
