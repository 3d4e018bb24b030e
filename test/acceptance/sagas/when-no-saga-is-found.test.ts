import {
  Command,
  Event,
  type HandlerContext,
  Message,
  defineSaga,
  handler,
  memoryPersistence,
} from '@busbar/core';
import { createHarness, noRetries } from '@busbar/testing';
import { expect, test } from 'vitest';
import { statesOf } from './states-of.ts';

class Open extends Command('Cases.Open')<{ id: string }> {}
class Close extends Command('Cases.Close')<{ id: string }> {}
class Touched extends Event('Cases.Touched')<{ id: string }> {}
class Unknown extends Message('Cases.Unknown')<{ what: string }> {}
class Answer extends Message('Cases.Answer')<{ id: string }> {}

const options = { correlation: 'id', initialState: () => ({ id: '', touched: 0 }) } as const;

const cases = defineSaga('Cases.Case', options)
  .startedBy(
    Open,
    ({ id }) => id,
    () => {},
  )
  .continuedBy(
    Close,
    ({ id }) => id,
    (_, saga) => saga.complete(),
  )
  .continuedBy(
    Touched,
    ({ id }) => id,
    (_, saga) => {
      saga.state.touched += 1;
    },
  )
  .onReply(Answer, () => {});

const answering = cases.onNotFound(async (message, context: HandlerContext) => {
  await context.reply(new Unknown({ what: message.constructor.name }));
  context.log.warn({}, 'No case');
});

const recoverability = noRetries;

test('should write a line, and count the message as handled', async () => {
  await using harness = createHarness();
  const persistence = memoryPersistence();
  const endpoint = harness.endpoint('cases', { persistence, sagas: [cases], recoverability });
  await harness.start();
  await endpoint.sendLocal(new Close({ id: 'C-1' }), { messageId: 'm-1' });
  await harness.settled();
  expect(endpoint.health().counts).toMatchObject({ handled: 1, failed: 0 });
  expect(harness.logger.entries).toContainEqual({
    level: 'info',
    message: 'No saga was found for a message, and it starts none',
    fields: expect.objectContaining({
      messageId: 'm-1',
      messageType: 'Cases.Close',
      saga: 'Cases.Case',
    }) as object,
  });
});

test('should call the hook of the saga, which may reply', async () => {
  await using harness = createHarness();
  const persistence = memoryPersistence();
  const desk = harness.endpoint('desk', { handlers: [handler(Unknown, () => {})] });
  harness.endpoint('cases', { persistence, sagas: [answering], recoverability });
  await harness.start();
  await desk.send(new Close({ id: 'C-1' }), { destination: 'cases' });
  await harness.settled();
  expect(harness.handled(Unknown)).toMatchObject([{ what: 'Close' }]);
  const [reply] = harness.outgoing.slice(-1);
  expect(reply?.headers).not.toHaveProperty('busbar-originating-saga-id');
  expect(persistence.sagas('Cases.Case')).toEqual([]);
});

test('should not find one that has completed', async () => {
  await using harness = createHarness();
  const persistence = memoryPersistence();
  const endpoint = harness.endpoint('cases', {
    persistence,
    sagas: [answering],
    handlers: [handler(Unknown, () => {})],
    recoverability,
  });
  await harness.start();
  await endpoint.sendLocal(new Open({ id: 'C-1' }));
  await harness.settled();
  await endpoint.sendLocal(new Close({ id: 'C-1' }));
  await harness.settled();
  await endpoint.publish(new Touched({ id: 'C-1' }));
  await harness.settled();
  expect(harness.replied(Unknown)).toMatchObject([{ what: 'Touched' }]);
});

test('should never start one for a message with a stale id, whatever its correlation', async () => {
  await using harness = createHarness();
  const persistence = memoryPersistence();
  const endpoint = harness.endpoint('cases', {
    persistence,
    sagas: [answering],
    handlers: [handler(Unknown, () => {})],
    recoverability,
  });
  await harness.start();
  await endpoint.sendLocal(new Open({ id: 'C-2' }));
  await harness.settled();
  const headers = {
    'busbar-saga-id': 'gone',
    'busbar-saga-type': 'Cases.Case',
    'busbar-reply-to': 'cases',
  };
  const send = (type: string, body: object) =>
    harness.inject('cases', {
      headers: { ...headers, 'busbar-enclosed-types': type },
      body: JSON.stringify(body),
    });
  await send('Cases.Open', { id: 'C-1' });
  await send('Cases.Touched', { id: 'C-2' });
  await send('Cases.Answer', { id: 'C-2' });
  await harness.settled();
  expect(statesOf(persistence, 'Cases.Case')).toEqual([{ id: 'C-2', touched: 0 }]);
  const found = harness.replied(Unknown).map(({ what }) => what);
  expect(found.toSorted()).toEqual(['Answer', 'Open', 'Touched']);
});

test('should take the correlation of a message that names an instance of another saga', async () => {
  await using harness = createHarness();
  const persistence = memoryPersistence();
  harness.endpoint('cases', { persistence, sagas: [cases], recoverability });
  await harness.start();
  const headers = { 'busbar-saga-id': 'x', 'busbar-saga-type': 'Elsewhere.Other' };
  const send = (type: string, body: object) =>
    harness.inject('cases', {
      headers: { ...headers, 'busbar-enclosed-types': type },
      body: JSON.stringify(body),
    });
  await send('Cases.Open', { id: 'C-1' });
  await harness.settled();
  await send('Cases.Touched', { id: 'C-1' });
  await harness.settled();
  expect(statesOf(persistence, 'Cases.Case')).toEqual([{ id: 'C-1', touched: 1 }]);
  // A reply to another saga is none of this one's business.
  await send('Cases.Answer', { id: 'C-1' });
  await harness.settled();
  expect(await harness.errorQueue()).toMatchObject([{ failure: { code: 'NO_HANDLER' } }]);
});

test('should call the hook of each saga that is not found', async () => {
  await using harness = createHarness();
  const called: string[] = [];
  const sagas = ['One', 'Two', 'Three'].map((name) =>
    defineSaga(`Cases.${name}`, options)
      .startedBy(
        Open,
        ({ id }) => id,
        () => {},
      )
      .continuedBy(
        Touched,
        ({ id }) => id,
        () => {},
      )
      .onNotFound((_, context) => {
        called.push(name);
        if (name === 'Two') context.stopHandlers();
      }),
  );
  const endpoint = harness.endpoint('cases', { persistence: memoryPersistence(), sagas });
  await harness.start();
  await endpoint.publish(new Touched({ id: 'C-1' }));
  await harness.settled();
  expect(called).toEqual(['One', 'Two']);
  expect(endpoint.health().counts).toMatchObject({ handled: 1, failed: 0 });
});

test('should retry a hook that throws, and name it', async () => {
  await using harness = createHarness();
  const broken = cases.onNotFound(() => {
    throw new Error('broken');
  });
  const persistence = memoryPersistence();
  const endpoint = harness.endpoint('cases', { persistence, sagas: [broken], recoverability });
  await harness.start();
  await endpoint.sendLocal(new Close({ id: 'C-1' }));
  await harness.settled();
  expect(await harness.errorQueue()).toMatchObject([
    { failure: { handler: 'Cases.Case (not found)', message: 'broken' } },
  ]);
});
