import { Command, Event } from '@busbar/core';
import { expect, test } from 'vitest';
import { MessageRegistry } from '../../src/message/message-registry.ts';

class Ping extends Command('Test.Ping') {}
class Pong extends Event('Test.Pong') {}

test('should find types by name', () => {
  const registry = new MessageRegistry([Ping]);
  const pong = registry.add(Pong);
  expect(registry.find('Test.Pong')).toBe(pong);
  expect(registry.find('Test.Ping')?.type).toBe(Ping);
  expect(registry.find('constructor')).toBeUndefined();
  expect(registry.definitions().map(({ name }) => name)).toEqual(['Test.Ping', 'Test.Pong']);
});

test('should resolve to the first type that is known', () => {
  const registry = new MessageRegistry([Ping, Pong]);
  expect(registry.resolve(['Test.Newer', 'Test.Pong', 'Test.Ping'])?.type).toBe(Pong);
  expect(registry.resolve(['Test.Newer'])).toBeUndefined();
  expect(registry.resolve([])).toBeUndefined();
});

test('should take one type twice, but no two types of one name', () => {
  const registry = new MessageRegistry([Ping, Ping]);
  class OtherPing extends Command('Test.Ping') {}
  expect(() => registry.add(OtherPing)).toThrow('message name Test.Ping: Ping and OtherPing');
  expect(() => registry.add(OtherPing)).toThrow(
    expect.objectContaining({ code: 'DUPLICATE_MESSAGE_NAME' }) as Error,
  );
  expect(() => registry.add(Date as never)).toThrow('Date is no message type');
});
