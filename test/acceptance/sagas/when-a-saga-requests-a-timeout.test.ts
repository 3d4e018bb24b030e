import {
  BusbarError,
  Command,
  Message,
  defineSaga,
  handler,
  memoryPersistence,
} from '@busbar/core';
import { createHarness, noRetries } from '@busbar/testing';
import { expect, test } from 'vitest';
import { statesOf } from './states-of.ts';

class StartTrial extends Command('Trials.StartTrial')<{ user: string }> {}
class EndTrial extends Command('Trials.EndTrial')<{ user: string }> {}
class Reminder extends Message('Trials.Reminder')<{ number: number }> {}

const trial = defineSaga('Trials.Trial', {
  correlation: 'user',
  initialState: () => ({ user: '', reminders: [] as number[] }),
})
  .startedBy(
    StartTrial,
    ({ user }) => user,
    async (_, saga) => {
      await saga.requestTimeout(new Reminder({ number: 1 }), { delay: '3d' });
    },
  )
  .continuedBy(
    EndTrial,
    ({ user }) => user,
    (_, saga) => saga.complete(),
  )
  .onTimeout(Reminder, async ({ number }, saga) => {
    saga.state.reminders.push(number);
    const deliverAt = new Date(Date.UTC(2026, 0, 8));
    if (number === 1) await saga.requestTimeout(new Reminder({ number: 2 }), { deliverAt });
  })
  .onNotFound((message) => {
    throw new Error(`not found: ${message.constructor.name}`);
  });

const sagas = [trial];
const recoverability = noRetries;
const start = new StartTrial({ user: 'ada' });

test.each([false, true])('should get it when it is due, outbox: %s', async (outbox) => {
  await using harness = createHarness();
  const persistence = memoryPersistence();
  const trials = harness.endpoint('trials', { persistence, outbox, sagas, recoverability });
  await harness.start();
  await trials.sendLocal(start);
  await harness.advance('71h');
  expect(statesOf(persistence, 'Trials.Trial')).toEqual([{ user: 'ada', reminders: [] }]);
  await harness.advance('1h');
  expect(statesOf(persistence, 'Trials.Trial')).toEqual([{ user: 'ada', reminders: [1] }]);
  await harness.advance('4d');
  expect(statesOf(persistence, 'Trials.Trial')).toEqual([{ user: 'ada', reminders: [1, 2] }]);
  const [first] = harness.outgoing.filter(({ message }) => message instanceof Reminder);
  const { id } = persistence.sagas('Trials.Trial')[0]!;
  expect(first).toMatchObject({
    headers: {
      'busbar-saga-id': id,
      'busbar-saga-type': 'Trials.Trial',
      'busbar-saga-timeout': 'true',
      'busbar-originating-saga-id': id,
      'busbar-originating-saga-type': 'Trials.Trial',
    },
  });
  expect(harness.outgoing.map(({ headers }) => headers['busbar-deliver-at'])).toEqual([
    undefined,
    '2026-01-04T00:00:00.000Z',
    '2026-01-08T00:00:00.000Z',
  ]);
});

test('should drop it without a word when the saga has completed', async () => {
  await using harness = createHarness();
  const persistence = memoryPersistence();
  const trials = harness.endpoint('trials', { persistence, sagas, recoverability });
  await harness.start();
  await trials.sendLocal(start);
  await harness.settled();
  await trials.sendLocal(new EndTrial({ user: 'ada' }));
  await harness.settled();
  // A new instance of the same user is another one.
  await trials.sendLocal(start);
  await harness.advance('3d');
  expect(statesOf(persistence, 'Trials.Trial')).toEqual([{ user: 'ada', reminders: [1] }]);
  expect(harness.handled(Reminder)).toHaveLength(2);
  expect(await harness.errorQueue()).toEqual([]);
  expect(harness.logger.entries.map(({ level, message }) => `${level} ${message}`)).toContain(
    'debug A timeout came after its saga had completed',
  );
});

test('should be silent about one that is replayed from the error queue too late', async () => {
  await using harness = createHarness();
  const persistence = memoryPersistence();
  let broken = true;
  const fragile = defineSaga('Trials.Fragile', {
    correlation: 'user',
    initialState: () => ({ user: '' }),
  })
    .startedBy(
      StartTrial,
      ({ user }) => user,
      (_, saga) => saga.requestTimeout(new Reminder({ number: 1 }), { delay: '1h' }),
    )
    .continuedBy(
      EndTrial,
      ({ user }) => user,
      (_, saga) => saga.complete(),
    )
    .onTimeout(Reminder, () => {
      if (broken) throw new Error('The mail server is down');
    })
    .onNotFound(() => {
      throw new Error('not found');
    });
  const trials = harness.endpoint('trials', { persistence, sagas: [fragile], recoverability });
  await harness.start();
  await trials.sendLocal(start);
  await harness.advance('1h');
  expect(await harness.errorQueue()).toMatchObject([
    { headers: { 'busbar-saga-timeout': 'true', 'busbar-saga-type': 'Trials.Fragile' } },
  ]);
  broken = false;
  await trials.sendLocal(new EndTrial({ user: 'ada' }));
  await harness.settled();
  await harness.replay();
  await harness.settled();
  expect(await harness.errorQueue()).toEqual([]);
  expect(harness.handled(Reminder)).toHaveLength(1);
});

test('should keep timeouts from plain handlers, and ordinary messages from timeout handlers', async () => {
  await using harness = createHarness();
  const persistence = memoryPersistence();
  const plain: number[] = [];
  const asReply = defineSaga('Trials.AsReply', {
    correlation: 'user',
    initialState: () => ({ user: '', replies: 0 }),
  })
    .startedBy(
      StartTrial,
      ({ user }) => user,
      () => {},
    )
    .onReply(Reminder, (_, saga) => {
      saga.state.replies += 1;
    });
  const trials = harness.endpoint('trials', {
    persistence,
    sagas: [trial, asReply],
    handlers: [handler(Reminder, ({ number }) => plain.push(number))],
    recoverability,
  });
  await harness.start();
  await trials.sendLocal(start);
  await harness.advance('3d');
  expect(statesOf(persistence, 'Trials.Trial')).toMatchObject([{ reminders: [1] }]);
  expect(statesOf(persistence, 'Trials.AsReply')).toMatchObject([{ replies: 0 }]);
  expect(plain).toEqual([]);
  await harness.inject('trials', {
    headers: { 'busbar-enclosed-types': 'Trials.Reminder' },
    body: '{"number":7}',
  });
  await harness.settled();
  expect(plain).toEqual([7]);
  expect(statesOf(persistence, 'Trials.Trial')).toMatchObject([{ reminders: [1] }]);
});

test('should say that an ordinary message has no handler when only timeouts have one', async () => {
  await using harness = createHarness();
  harness.endpoint('trials', { persistence: memoryPersistence(), sagas, recoverability });
  await harness.start();
  const types = { 'busbar-enclosed-types': 'Trials.Reminder' };
  await harness.inject('trials', { headers: types, body: '{"number":7}' });
  const headers = { ...types, 'busbar-saga-timeout': 'true', 'busbar-saga-id': 'x' };
  await harness.inject('trials', {
    headers: { ...headers, 'busbar-saga-type': 'Trials.Other' },
    body: '{"number":8}',
  });
  await harness.settled();
  expect(await harness.errorQueue()).toMatchObject([
    { failure: { code: 'NO_HANDLER' } },
    {
      failure: {
        code: 'NO_HANDLER',
        message: expect.stringContaining('as a timeout of the saga Trials.Other') as string,
      },
    },
  ]);
});

test('should drop it together with everything else of an attempt that fails', async () => {
  await using harness = createHarness();
  const persistence = memoryPersistence();
  let attempts = 0;
  const second = defineSaga('Trials.Second', {
    correlation: 'user',
    initialState: () => ({ user: '', attempts: 0 }),
  })
    .startedBy(
      StartTrial,
      ({ user }) => user,
      async (_, saga) => {
        attempts += 1;
        saga.state.attempts += 1;
        await saga.requestTimeout(new Reminder({ number: attempts }), { delay: 0 });
        if (attempts === 1) throw new Error('once');
      },
    )
    .onTimeout(Reminder, () => {});
  const trials = harness.endpoint('trials', { persistence, sagas: [second] });
  await harness.start();
  await trials.sendLocal(start);
  await harness.settled();
  expect(harness.handled(Reminder)).toMatchObject([{ number: 2 }]);
  expect(statesOf(persistence, 'Trials.Second')).toEqual([{ user: 'ada', attempts: 1 }]);
});

class Forgotten extends Message('Trials.Forgotten') {}

test.each([
  ['that nothing handles', 'INVALID_SAGA', 'which it does not handle', new Forgotten(), 60_000],
  ['that is too far away', 'DELAY_TOO_LONG', '', new Reminder({ number: 1 }), 1e15],
  ['that is no message', 'NOT_A_MESSAGE', '', { number: 1 } as unknown as Reminder, 1],
  ['without a time', 'INVALID_SAGA', 'without saying when', new Reminder({ number: 1 }), undefined],
])('should refuse one %s', async (_, code, text, message, delay) => {
  await using harness = createHarness();
  let refusal: unknown;
  const careless = defineSaga('Trials.Careless', {
    correlation: 'user',
    initialState: () => ({ user: '' }),
  })
    .startedBy(
      StartTrial,
      ({ user }) => user,
      async (_start, saga) => {
        refusal = await saga
          .requestTimeout(message, { delay } as { delay: number })
          .catch((error: unknown) => error);
      },
    )
    .onTimeout(Reminder, () => {});
  const trials = harness.endpoint('trials', {
    persistence: memoryPersistence(),
    sagas: [careless],
  });
  await harness.start();
  await trials.sendLocal(start);
  await harness.settled();
  expect(refusal).toBeInstanceOf(BusbarError);
  expect(refusal).toMatchObject({ code, message: expect.stringContaining(text) as string });
  expect(harness.handled(StartTrial)).toHaveLength(1);
});
