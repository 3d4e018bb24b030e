import { Command, handler } from '@busbar/core';
import { expect, test } from 'vitest';
import { isHandlerDefinition } from '../../src/handling/handler.ts';

class Ping extends Command('Test.Ping') {}

test('should describe what it handles and how it is called', () => {
  const handle = () => {};
  const definition = handler(Ping, handle);
  expect(definition.messageDefinition.type).toBe(Ping);
  expect(definition.name).toBe('handle');
  expect(definition.handle).toBe(handle);
  expect(handler(Ping, () => {}).name).toBe('handler of Test.Ping');
  expect(handler(Ping, handle, { name: 'answer pings' }).name).toBe('answer pings');
  expect(isHandlerDefinition(definition)).toBe(true);
  expect(isHandlerDefinition({ ...definition })).toBe(true);
  expect(isHandlerDefinition({ name: 'x', handle })).toBe(false);
  expect(isHandlerDefinition(null)).toBe(false);
});

test('should refuse what is no message or no function', () => {
  expect(() => handler(undefined as never, () => {})).toThrow('circular import');
  expect(() => handler(Ping, undefined as never)).toThrow(
    'handler(Test.Ping) was given no function',
  );
});
