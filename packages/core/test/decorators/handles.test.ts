import { BusbarError, Command, type HandlerContext, handler } from '@busbar/core';
import { handles } from '@busbar/core/decorators';
import { expect, test, vi } from 'vitest';
import { readHandlerMethods } from '../../src/handling/handler-methods.ts';

/*
 * What can only be written by hand: misuse that neither compiler lets through, and what a standard compiler passes.
 * Classes that both compile are in test/toolchain.
 */

class Ping extends Command('Test.Ping') {}
class Pong extends Command('Test.Pong') {}

type Loose = (target: unknown, contextOrKey: unknown, descriptor?: unknown) => void;
const decorate = handles(Ping) as Loose;
const standard = (more: object) => ({
  kind: 'method',
  name: 'on',
  static: false,
  private: false,
  metadata: {},
  ...more,
});

test.each<[string, unknown, unknown, string]>([
  ['a static method (legacy)', class X {}, 'on', 'it is static'],
  ['a static method (standard)', () => {}, standard({ static: true }), 'it is static'],
  ['a private method', () => {}, standard({ private: true }), 'it is private'],
  ['a class', class X {}, standard({ kind: 'class' }), 'it is a class, not a method'],
  ['a field (standard)', undefined, standard({ kind: 'field' }), 'it is a field, not a method'],
  ['a field (legacy)', {}, 'on', 'it is not a method'],
  [
    'a getter (legacy)',
    {
      get on() {
        return 1;
      },
    },
    'on',
    'it is not a method',
  ],
  ['a compiler without metadata', () => {}, standard({ metadata: undefined }), '2023-11'],
])('should refuse %s', (_what, target, contextOrKey, text) => {
  const run = () => decorate(target, contextOrKey);
  expect(run).toThrow(BusbarError);
  expect(run).toThrow(expect.objectContaining({ code: 'INVALID_HANDLER' }) as Error);
  expect(run).toThrow(text);
});

test('should say that an undefined message is a circular import', () => {
  expect(() => handles(undefined as never)).toThrow('circular import');
  expect(() => handles(Date as never)).toThrow('Date is no message type');
});

test('should read what standard decorators keep on the metadata of the class', () => {
  class Handler {}
  Object.defineProperty(Handler, Symbol.metadata, { value: {} });
  decorate(() => {}, standard({ metadata: Handler[Symbol.metadata as never] }));
  expect(readHandlerMethods(Handler)).toEqual([
    { messageType: Ping, messageDefinition: expect.anything() as object, method: 'on' },
  ]);
});

test('should define Symbol.metadata, which no engine has yet', () => {
  expect(typeof Symbol.metadata).toBe('symbol');
});

test('should explain a class without methods', () => {
  class Idle {
    @(vi.fn() as MethodDecorator)
    on(): void {}
  }
  const read = () => readHandlerMethods(Idle);
  expect(read).toThrow(expect.objectContaining({ code: 'HANDLER_WITHOUT_METHODS' }) as Error);
  expect(read).toThrow('The handler class Idle handles nothing.');
  expect(read).toThrow('experimentalDecorators');
});

test('should name the copies of the package when there are several', () => {
  class Idle {}
  const copies = (globalThis as unknown as Record<symbol, Set<string>>)[
    Symbol.for('busbar.copies')
  ]!;
  copies.add('file:///elsewhere/node_modules/@busbar/core');
  expect(() => readHandlerMethods(Idle)).toThrow('2 copies of @busbar/core are loaded');
  expect(() => readHandlerMethods(Idle)).toThrow('file:///elsewhere');
  copies.delete('file:///elsewhere/node_modules/@busbar/core');
});

test('should read what another copy of the package noted', async () => {
  vi.resetModules();
  const other = await import('@busbar/core/decorators');
  expect(other.handles).not.toBe(handles);
  class Mixed {
    @other.handles(Ping)
    ping(): void {}
    @handles(Pong)
    pong(_pong: Pong, _context: HandlerContext): void {}
  }
  expect(readHandlerMethods(Mixed).map(({ method }) => method)).toEqual(['ping', 'pong']);
  expect(handler(Pong, () => {}).name).toBe('handler of Test.Pong');
});
