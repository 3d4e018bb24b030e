import {
  Command,
  type CorrelationValue,
  Event,
  Message,
  type SagaEntry,
  type SagaOptions,
  createEndpoint,
  defineSaga,
  finder,
  memoryPersistence,
  memoryTransport,
  silentLogger,
} from '@busbar/core';
import { onNotFound, saga, startedBy } from '@busbar/core/decorators';
import { createHarness, noRetries } from '@busbar/testing';
import { expect, test } from 'vitest';

class Start extends Command('Bad.Start')<{ id: string }> {}
class Happened extends Event('Bad.Happened')<{ id: string }> {}
class Answer extends Message('Bad.Answer')<{ id: string }> {}

const options = { correlation: 'id', initialState: () => ({ id: '' }) } as const;
const byId = ({ id }: { id: string }) => id;
const nothing = (): void => {};
const base = defineSaga('Bad.Saga', options);
const started = base.startedBy(Start, byId, nothing);

@saga('Bad.Idle', options)
class Idle {}

class NoSaga {
  @startedBy(Start, byId)
  start(): void {}
}

@saga('Bad.Twice', options)
class NotFoundTwice {
  @startedBy(Start, byId)
  start(): void {}
  @onNotFound()
  one(): void {}
  @onNotFound()
  two(): void {}
}

const make = (sagas: readonly SagaEntry[], more: object = {}) =>
  createEndpoint('bad', {
    transport: memoryTransport(),
    logger: silentLogger,
    persistence: memoryPersistence(),
    sagas,
    ...more,
  });

test.each<[string, () => unknown, string, string]>([
  [
    'nothing starts it',
    () => make([base.continuedBy(Start, byId, nothing)]),
    'INVALID_SAGA',
    'is started by nothing',
  ],
  ['it has no handler at all', () => make([base]), 'INVALID_SAGA', 'is started by nothing'],
  [
    'two have one name',
    () => make([started, base.startedBy(Happened, byId, nothing)]),
    'INVALID_SAGA',
    'Two sagas have the name Bad.Saga',
  ],
  [
    'one is registered twice',
    () => make([started, started]),
    'INVALID_SAGA',
    'or one is registered twice',
  ],
  [
    'a message has no correlation function',
    () => make([started.continuedBy(Happened, undefined as never, nothing)]),
    'INVALID_SAGA',
    'continuedBy(Bad.Happened) without a correlation function',
  ],
  [
    'it correlates without a property',
    () => {
      const { initialState } = options;
      const without = defineSaga('Bad.Saga', { initialState });
      return make([without.startedBy(Start, byId as never, nothing)]);
    },
    'INVALID_SAGA',
    'has no `correlation` property',
  ],
  [
    'a message is handled twice',
    () => make([started.startedBy(Start, byId, nothing)]),
    'INVALID_SAGA',
    'has startedBy(Bad.Start) twice',
  ],
  [
    'a message both starts and continues it',
    () => make([started.continuedBy(Start, byId, nothing)]),
    'INVALID_SAGA',
    'handles Bad.Start by startedBy and by continuedBy',
  ],
  [
    'a timeout continues it, too',
    () => make([started.continuedBy(Answer, byId, nothing).onTimeout(Answer, nothing)]),
    'INVALID_SAGA',
    'Give the timeout a type of its own',
  ],
  [
    'a timeout is an event',
    () => make([started.onTimeout(Happened as never, nothing)]),
    'INVALID_SAGA',
    'Bad.Happened is an event. Declare the timeout with Message()',
  ],
  [
    'a reply is a command',
    () => make([base.startedBy(Happened, byId, nothing).onReply(Start as never, nothing)]),
    'INVALID_SAGA',
    'Bad.Start is a command. Handle it with continuedBy',
  ],
  ['it is no saga', () => make([{} as SagaEntry]), 'INVALID_SAGA', 'sagas[0] is no saga'],
  ['it is a function', () => make([(() => {}) as never]), 'INVALID_SAGA', 'sagas[0] is no saga'],
  ['it is undefined', () => make([undefined as never]), 'INVALID_SAGA', 'circular import'],
  ['its class has no @saga', () => make([NoSaga]), 'INVALID_SAGA', 'The class NoSaga is no saga'],
  [
    'its class has no methods',
    () => make([Idle]),
    'INVALID_SAGA',
    'The class Idle handles nothing',
  ],
  [
    'its class has two for what is not found',
    () => make([NotFoundTwice]),
    'INVALID_SAGA',
    'has @onNotFound twice',
  ],
  ['the sagas are no list', () => make(started as never), 'INVALID_CONFIGURATION', 'is no list'],
  [
    'there is no persistence',
    () => make([started], { persistence: undefined }),
    'MISSING_PERSISTENCE',
    'has the saga Bad.Saga but no persistence',
  ],
  [
    'the persistence keeps none',
    () => {
      const persistence = Object.assign(memoryPersistence(), {
        capabilities: { outbox: true, sagas: false },
      });
      return make([started], { persistence });
    },
    'INVALID_CONFIGURATION',
    'The persistence "memory" cannot keep sagas',
  ],
  [
    'the endpoint is send-only',
    () => make([started], { sendOnly: true }),
    'SEND_ONLY',
    'is send-only but has sagas',
  ],
])('should be refused when %s', (_, run, code, text) => {
  expect(run).toThrow(expect.objectContaining({ code }) as Error);
  expect(run).toThrow(text);
});

test.each<[string, () => unknown, string]>([
  ['without a name', () => defineSaga('', options), 'The name of a saga is ""'],
  ['with a space in its name', () => defineSaga('a saga', options), 'without spaces'],
  ['without options', () => defineSaga('Bad.Saga', undefined as never), 'has no options'],
  ['without a state', () => defineSaga('Bad.Saga', {} as SagaOptions as never), 'no initialState'],
  [
    'with a correlation that is no name',
    () => defineSaga('Bad.Saga', { ...options, correlation: 7 as never }),
    '`correlation` is no name',
  ],
  [
    'with a schema that is none',
    () => defineSaga('Bad.Saga', { ...options, schema: {} as never }),
    '`schema` is no schema',
  ],
  ['with version 0', () => defineSaga('Bad.Saga', { ...options, version: 0 }), '`version` is 0'],
  [
    'with a version that nothing migrates to',
    () => defineSaga('Bad.Saga', { ...options, version: 2 }),
    'has version 2 and no `migrate`',
  ],
  [
    'with a migration from nothing',
    () => defineSaga('Bad.Saga', { ...options, migrate: () => ({ id: '' }) }),
    'has `migrate` and version 1',
  ],
  [
    'with a migration that is no function',
    () => defineSaga('Bad.Saga', { ...options, version: 2, migrate: 7 as never }),
    '`migrate` is no function',
  ],
  [
    'with an unknown locking',
    () => defineSaga('Bad.Saga', { ...options, locking: 'hopeful' as never }),
    '`locking` is "hopeful"',
  ],
  ['with no handler', () => base.onTimeout(Answer, undefined as never), 'no function to handle it'],
  [
    'with two hooks',
    () => base.onNotFound(nothing).onNotFound(nothing),
    'onNotFound is given twice',
  ],
  ['with a finder that is none', () => finder(7 as never), 'finder() was given number'],
])('should be refused %s', (_, run, text) => {
  expect(run).toThrow(expect.objectContaining({ code: 'INVALID_SAGA' }) as Error);
  expect(run).toThrow(text);
});

test('should be refused with an unknown option or an undefined message', () => {
  const misspelt = { ...options, correlatoin: 'id' };
  expect(() => defineSaga('Bad.Saga', misspelt)).toThrow(
    expect.objectContaining({ code: 'UNKNOWN_OPTION' }) as Error,
  );
  expect(() => base.startedBy(undefined as never, byId as () => CorrelationValue, nothing)).toThrow(
    'circular import',
  );
});

test.each([
  ['no object', undefined],
  ['a promise of one', Promise.resolve({ id: '' })],
])('should fail when its initial state is %s', async (_, state) => {
  await using harness = createHarness();
  const stateless = defineSaga('Bad.Stateless', {
    ...options,
    initialState: () => state as never as { id: string },
  }).startedBy(Start, byId, nothing);
  const endpoint = harness.endpoint('bad', {
    persistence: memoryPersistence(),
    sagas: [stateless],
    recoverability: noRetries,
  });
  await harness.start();
  await endpoint.sendLocal(new Start({ id: 'A-1' }));
  await harness.settled();
  expect(await harness.errorQueue()).toMatchObject([{ failure: { code: 'INVALID_SAGA' } }]);
});

test('should leave a definition as it was, whatever is made of it', () => {
  const more = started.onTimeout(Answer, nothing);
  expect(make([started]).diagnostics().sagas).toEqual({ 'Bad.Saga': ['startedBy Bad.Start'] });
  expect(make([more]).diagnostics().sagas).toEqual({
    'Bad.Saga': ['startedBy Bad.Start', 'onTimeout Bad.Answer'],
  });
  expect(() => Object.assign(started, { name: 'Other' })).toThrow(TypeError);
});
