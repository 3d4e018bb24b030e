import { Command, createEndpoint, memoryPersistence, memoryTransport } from '@busbar/core';
import { onNotFound, saga, startedBy } from '@busbar/core/decorators';
import { expect, test } from 'vitest';
import { readSagaClass } from '../../src/saga/saga-methods.ts';

/* What can only be written by hand; classes that both compilers take are in test/toolchain. */

class Ping extends Command('SagaTest.Ping')<{ id: string }> {}

type Loose = (target: unknown, contextOrKey?: unknown) => void;
const options = { correlation: 'id', initialState: () => ({ id: '' }) } as const;
const invalid = expect.objectContaining({ code: 'INVALID_SAGA' }) as Error;

test('should refuse what is no class, no method, or no message', () => {
  const onClass = saga('SagaTest.Saga', options) as Loose;
  expect(() => onClass(undefined)).toThrow(invalid);
  expect(() => onClass({}, 'on')).toThrow("@saga('SagaTest.Saga') is not on a class.");
  const onMethod = startedBy(Ping, ({ id }) => id) as Loose;
  expect(() => onMethod({}, 'on')).toThrow(invalid);
  expect(() => onMethod({}, 'on')).toThrow(
    "@startedBy(Ping) cannot be on 'on': it is not a method.",
  );
  expect(() => (onNotFound() as Loose)(class X {}, 'on')).toThrow('@onNotFound() cannot be on');
  expect(() => startedBy(undefined as never, () => '')).toThrow('circular import');
});

test('should read what standard decorators keep on the metadata of the class', () => {
  class Standard {
    on(): string {
      return 'called';
    }
  }
  const metadata = {};
  Object.defineProperty(Standard, Symbol.metadata, { value: metadata });
  const context = { kind: 'method', name: 'on', static: false, private: false, metadata };
  (startedBy(Ping, ({ id }) => id) as Loose)(() => {}, context);
  (saga('SagaTest.Standard', options) as Loose)(Standard, { kind: 'class', metadata });
  const { bindings, name, type } = readSagaClass(Standard);
  expect({ name, type }).toEqual({ name: 'SagaTest.Standard', type: Standard });
  expect(bindings).toMatchObject([{ role: 'startedBy', name: 'Standard.on' }]);
  expect(bindings[0]?.invoke(new Standard(), new Ping({ id: '' }), {})).toBe('called');
  const stranger = () => bindings[0]?.invoke({}, new Ping({ id: '' }), {});
  expect(stranger).toThrow("What the container gave for Standard has no method 'on'.");
});

test('should take a class that extends a saga for that saga', () => {
  @saga('SagaTest.Base', options)
  class Base {
    @startedBy(Ping, ({ id }) => id)
    on(): void {}
  }
  class Derived extends Base {}
  const make = (...sagas: (typeof Base)[]) =>
    createEndpoint('derived', {
      transport: memoryTransport(),
      persistence: memoryPersistence(),
      sagas,
    });
  expect(make(Derived).diagnostics().sagas).toEqual({
    'SagaTest.Base': ['startedBy SagaTest.Ping'],
  });
  expect(() => make(Base, Derived)).toThrow('Two sagas have the name SagaTest.Base.');
});
