import {
  Command,
  type Endpoint,
  Event,
  defineSaga,
  handler,
  memoryPersistence,
} from '@busbar/core';
import { createHarness, noRetries } from '@busbar/testing';
import { expect, test } from 'vitest';
import { statesOf } from './states-of.ts';

class Placed extends Event('Many.Placed')<{ id: string }> {}
class Rushed extends Event('Many.Rushed', { extends: Placed })<{ rush: string }> {}
class Noted extends Command('Many.Noted')<{ by: string }> {}

const options = {
  correlation: 'id',
  initialState: () => ({ id: '', seen: [] as string[] }),
} as const;

const sagaOf = (name: string, fails = false) =>
  defineSaga(`Many.${name}`, options).startedBy(
    Placed,
    ({ id }) => id,
    async (_, saga) => {
      saga.state.seen.push(name);
      await saga.sendLocal(new Noted({ by: name }));
      if (fails) throw new Error('no');
    },
  );

const sink = handler(Noted, () => {});

test('should find, call and store each, after the handlers', async () => {
  await using harness = createHarness();
  const persistence = memoryPersistence();
  const calls: string[] = [];
  const endpoint = harness.endpoint('many', {
    persistence,
    sagas: [sagaOf('One'), sagaOf('Two')],
    handlers: [sink, handler(Placed, () => calls.push('handler'))],
  });
  await harness.start();
  await endpoint.publish(new Placed({ id: 'A-1' }));
  await harness.settled();
  expect(calls).toEqual(['handler']);
  expect(statesOf(persistence, 'Many.One')).toEqual([{ id: 'A-1', seen: ['One'] }]);
  expect(statesOf(persistence, 'Many.Two')).toEqual([{ id: 'A-1', seen: ['Two'] }]);
  const origins = harness.outgoing.map(({ headers }) => headers['busbar-originating-saga-type']);
  expect(origins).toEqual([undefined, 'Many.One', 'Many.Two']);
  expect(harness.handled(Placed)).toHaveLength(1);
});

test.each([false, true])(
  'should store none when the last one fails, outbox: %s',
  async (outbox) => {
    await using harness = createHarness();
    const persistence = memoryPersistence();
    const endpoint = harness.endpoint('many', {
      persistence,
      outbox,
      sagas: [sagaOf('One'), sagaOf('Two', true)],
      handlers: [sink],
      recoverability: noRetries,
    });
    await harness.start();
    await endpoint.publish(new Placed({ id: 'A-1' }));
    await harness.settled();
    expect(persistence.sagas('Many.One')).toEqual([]);
    expect(harness.sent(Noted)).toEqual([]);
    expect(await harness.errorQueue()).toMatchObject([
      { failure: { handler: 'Many.Two (Many.Placed)', message: 'no' } },
    ]);
  },
);

test('should call the handlers of base and derived event on one instance, and store it once', async () => {
  await using harness = createHarness();
  const persistence = memoryPersistence();
  const both = defineSaga('Many.Both', options)
    .startedBy(
      Placed,
      ({ id }) => `base ${id}`,
      (_, saga) => {
        saga.state.seen.push('placed');
      },
    )
    .continuedBy(
      Rushed,
      ({ id }) => id,
      ({ rush }, saga) => {
        saga.state.seen.push(rush);
      },
    );
  const endpoint = harness.endpoint('many', { persistence, sagas: [both] });
  await harness.start();
  expect(endpoint.diagnostics().subscriptions).toEqual(['Many.Placed']);
  for (let times = 0; times < 2; times += 1) {
    await endpoint.publish(new Rushed({ id: 'A-1', rush: 'rushed' }));
    await harness.settled();
  }
  expect(statesOf(persistence, 'Many.Both')).toEqual([
    { id: 'A-1', seen: ['placed', 'rushed', 'placed', 'rushed'] },
  ]);
  expect(persistence.sagas('Many.Both')).toMatchObject([{ version: 2 }]);
});

test('should skip the later ones when one says so, handlers and sagas alike', async () => {
  await using harness = createHarness();
  const persistence = memoryPersistence();
  const stopping = defineSaga('Many.Stopping', options)
    .startedBy(
      Rushed,
      ({ id }) => id,
      (_, saga) => {
        saga.state.seen.push('rushed');
        saga.stopHandlers();
      },
    )
    .startedBy(
      Placed,
      ({ id }) => id,
      (_, saga) => {
        saga.state.seen.push('placed');
      },
    );
  const guard = handler(Placed, ({ id }, context) => {
    if (id === 'stop') context.stopHandlers();
  });
  const endpoint = harness.endpoint('many', {
    persistence,
    sagas: [stopping, sagaOf('After')],
    handlers: [sink, guard],
  });
  await harness.start();
  await endpoint.publish(new Rushed({ id: 'A-1', rush: '' }));
  await endpoint.publish(new Placed({ id: 'stop' }));
  await harness.settled();
  expect(statesOf(persistence, 'Many.Stopping')).toEqual([{ id: 'A-1', seen: ['rushed'] }]);
  expect(persistence.sagas('Many.After')).toEqual([]);
});

test('should store a state only if it changed, and never one that completes as it starts', async () => {
  await using harness = createHarness();
  const persistence = memoryPersistence();
  const once = defineSaga('Many.Once', options).startedBy(
    Placed,
    ({ id }) => id,
    ({ id }, saga) => {
      if (id === 'brief') saga.complete();
      else saga.state.seen = [...new Set([...saga.state.seen, 'once'])];
    },
  );
  const endpoint = harness.endpoint('many', { persistence, sagas: [once] });
  await harness.start();
  for (const id of ['A-1', 'A-1', 'brief']) {
    await endpoint.publish(new Placed({ id }));
    await harness.settled();
  }
  expect(persistence.sagas('Many.Once')).toMatchObject([{ correlation: 'A-1', version: 1 }]);
});

test('should refuse the endpoint’s own send inside a saga', async () => {
  await using harness = createHarness();
  const persistence = memoryPersistence();
  const careless = defineSaga('Many.Careless', options).startedBy(
    Placed,
    ({ id }) => id,
    (): Promise<void> => endpoint.sendLocal(new Noted({ by: 'endpoint' })),
  );
  const endpoint: Endpoint = harness.endpoint('many', {
    persistence,
    sagas: [careless],
    handlers: [sink],
    recoverability: noRetries,
  });
  await harness.start();
  await endpoint.publish(new Placed({ id: 'A-1' }));
  await harness.settled();
  expect(await harness.errorQueue()).toMatchObject([{ failure: { code: 'SEND_OUTSIDE_CONTEXT' } }]);
  expect(persistence.sagas('Many.Careless')).toEqual([]);
});
