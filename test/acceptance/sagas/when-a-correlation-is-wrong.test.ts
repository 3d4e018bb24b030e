import { Command, type HandlerContext, defineSaga, memoryPersistence } from '@busbar/core';
import { createHarness, noRetries } from '@busbar/testing';
import { expect, test } from 'vitest';
import { statesOf } from './states-of.ts';

class Start extends Command('Ids.Start')<{ id?: unknown }> {}
class Change extends Command('Ids.Change')<{ id: string; to?: unknown; property: string }> {}

const ids = defineSaga('Ids.Saga', {
  correlation: 'id',
  initialState: () => ({ id: '', changes: 0 }),
})
  .startedBy(
    Start,
    ({ id }) => id as string,
    () => {},
  )
  .continuedBy(
    Change,
    ({ id }) => id,
    ({ to, property }, saga) => {
      saga.state.changes += 1;
      if (property === 'sagaId') (saga as { sagaId: unknown }).sagaId = to;
      else (saga.state as Record<string, unknown>)[property] = to;
    },
  );

async function started(recoverability: object = noRetries) {
  const harness = createHarness();
  const persistence = memoryPersistence();
  const endpoint = harness.endpoint('ids', { persistence, sagas: [ids], recoverability });
  await harness.start();
  return { harness, persistence, endpoint, [Symbol.asyncDispose]: () => harness.stop() };
}

test.each([
  [undefined, 'undefined'],
  [null, 'null'],
  ['', 'an empty string'],
  ['x'.repeat(201), 'a string of 201 characters'],
  ['a\0b', 'NUL'],
  ['\ud800', 'half a surrogate pair'],
  [true, 'boolean'],
  [1.5, 'the number 1.5'],
  [2 ** 53, 'the number 9007199254740992'],
  [{ id: 1 }, 'an object'],
  [['x'], 'an array'],
])('should go to the error queue at once when it is %o', async (id, got) => {
  await using run = await started({});
  await run.endpoint.sendLocal(new Start({ id }), { messageId: 'm-1' });
  await run.harness.settled();
  const [failed] = await run.harness.errorQueue();
  expect(failed?.failure).toMatchObject({ code: 'SAGA_CORRELATION_MISSING', attempts: 1 });
  expect(failed?.failure.message).toContain(
    'The message Ids.Start m-1 has no correlation value for the saga Ids.Saga, but ',
  );
  expect(failed?.failure.message).toContain(got);
  expect(run.persistence.sagas('Ids.Saga')).toEqual([]);
});

test('should go to the error queue at once when its function throws', async () => {
  await using harness = createHarness();
  const nested = defineSaga('Ids.Nested', {
    correlation: 'id',
    initialState: () => ({ id: '' }),
  }).startedBy(
    Start,
    (command) => (command.id as { very: { deep: string } }).very.deep,
    () => {},
  );
  const endpoint = harness.endpoint('ids', { persistence: memoryPersistence(), sagas: [nested] });
  await harness.start();
  await endpoint.sendLocal(new Start({ id: {} }));
  await harness.settled();
  const [failed] = await harness.errorQueue();
  expect(failed?.failure).toMatchObject({ code: 'SAGA_CORRELATION_MISSING', attempts: 1 });
  expect(failed?.failure.stack).toContain('TypeError');
});

test('should be taken from a header, which must be there', async () => {
  await using harness = createHarness();
  const persistence = memoryPersistence();
  const byHeader = defineSaga('Ids.ByHeader', {
    correlation: 'id',
    initialState: () => ({ id: '' }),
  }).startedBy(
    Start,
    (_, headers) => headers['order'] as string,
    () => {},
  );
  const endpoint = harness.endpoint('ids', { persistence, sagas: [byHeader] });
  await harness.start();
  await endpoint.sendLocal(new Start({}), { headers: { order: 'A-1' } });
  await endpoint.sendLocal(new Start({}));
  await harness.settled();
  expect(statesOf(persistence, 'Ids.ByHeader')).toEqual([{ id: 'A-1' }]);
  expect(await harness.errorQueue()).toMatchObject([
    { failure: { code: 'SAGA_CORRELATION_MISSING' } },
  ]);
});

test('should be the same as a number and as its text, and a bigint be text in the state', async () => {
  await using harness = createHarness();
  const persistence = memoryPersistence();
  let value: string | number | bigint = 7;
  const numbers = defineSaga('Ids.Numbers', {
    correlation: 'id',
    initialState: () => ({ id: 0, seen: 0 }),
  }).startedBy(
    Start,
    () => value,
    (_, saga) => {
      saga.state.seen += 1;
    },
  );
  const endpoint = harness.endpoint('ids', { persistence, sagas: [numbers] });
  await harness.start();
  for (value of [7, '7', 7n, '007', 2n ** 60n]) {
    await endpoint.sendLocal(new Start({}));
    await harness.settled();
  }
  expect(statesOf(persistence, 'Ids.Numbers')).toEqual([
    { id: 7, seen: 3 },
    { id: '007', seen: 1 },
    { id: '1152921504606846976', seen: 1 },
  ]);
});

test.each([
  ['id', 'A-2'],
  ['id', undefined],
  ['sagaId', 'another'],
])('should refuse a handler that changes %s to %s', async (property, to) => {
  await using run = await started();
  await run.endpoint.sendLocal(new Start({ id: 'A-1' }));
  await run.harness.settled();
  await run.endpoint.sendLocal(new Change({ id: 'A-1', property, to }));
  await run.harness.settled();
  const [failed] = await run.harness.errorQueue();
  expect(failed?.failure.code).toBe('SAGA_CORRELATION_CHANGED');
  expect(failed?.failure.message).toContain(property === 'id' ? '`id`' : 'its id');
  expect(statesOf(run.persistence, 'Ids.Saga')).toEqual([{ id: 'A-1', changes: 0 }]);
});

test('should refuse a handler that changes it while it starts the saga', async () => {
  await using harness = createHarness();
  const persistence = memoryPersistence();
  const renaming = defineSaga('Ids.Renaming', {
    correlation: 'id',
    initialState: () => ({ id: '' }),
  }).startedBy<Start, never>(
    Start,
    ({ id }) => id as string,
    (_, saga) => {
      const context: HandlerContext<never> = saga;
      saga.state.id = context.messageId;
    },
  );
  const endpoint = harness.endpoint('ids', {
    persistence,
    sagas: [renaming],
    recoverability: noRetries,
  });
  await harness.start();
  await endpoint.sendLocal(new Start({ id: 'A-1' }));
  await harness.settled();
  expect(await harness.errorQueue()).toMatchObject([
    { failure: { code: 'SAGA_CORRELATION_CHANGED' } },
  ]);
  expect(persistence.sagas('Ids.Renaming')).toEqual([]);
});
