import {
  Command,
  Message,
  defineRoutes,
  defineSaga,
  finder,
  handler,
  memoryPersistence,
} from '@busbar/core';
import { createHarness, noRetries } from '@busbar/testing';
import { expect, test } from 'vitest';
import { statesOf } from './states-of.ts';

class Order extends Command('Shop.Order', { reply: Message('Shop.Unused') })<{ id: string }> {}
class Pay extends Command('Shop.Pay')<{ id: string }> {}
class Ship extends Command('Depot.Ship')<{ id: string }> {}
class Paid extends Message('Shop.Paid')<{ id: string }> {}
class Done extends Message('Shop.Done')<{ id: string }> {}
class Deadline extends Message('Shop.Deadline') {}

const routes = defineRoutes({ shop: [Order, Pay], depot: [Ship] });

const order = defineSaga('Shop.OrderSaga', {
  correlation: 'id',
  initialState: () => ({ id: '' }),
})
  .startedBy(
    Order,
    ({ id }) => id,
    () => {},
  )
  .continuedBy<Pay, typeof routes>(
    Pay,
    ({ id }) => id,
    async ({ id }, saga) => {
      await saga.send(new Ship({ id }));
      await saga.replyToOriginator(new Done({ id }));
      await saga.reply(new Paid({ id }));
      await saga.requestTimeout(new Deadline(), { delay: '1h' });
    },
  )
  .onTimeout(Deadline, async (_, saga) => {
    await saga.replyToOriginator(new Done({ id: 'late' }));
    saga.complete();
  });

const sink = [handler(Ship, () => {})];

test('should go to who started it, with the correlation id of that message', async () => {
  await using harness = createHarness();
  const persistence = memoryPersistence();
  harness.endpoint('shop', { persistence, routes, sagas: [order], recoverability: noRetries });
  harness.endpoint('depot', { handlers: sink });
  const web = harness.endpoint('web', { routes, handlers: [handler(Done, () => {})] });
  const till = harness.endpoint('till', { routes, handlers: [handler(Paid, () => {})] });
  await harness.start();
  await web.send(new Order({ id: 'A-1' }), { messageId: 'order-1' });
  await harness.settled();
  await till.send(new Pay({ id: 'A-1' }), { messageId: 'pay-1' });
  await harness.settled();
  const [, , ship, done, paid] = harness.outgoing;
  expect(done).toMatchObject({
    intent: 'reply',
    destination: 'web',
    headers: {
      'busbar-correlation-id': 'order-1',
      'busbar-conversation-id': 'order-1',
      'busbar-related-to': 'pay-1',
    },
  });
  // What is sent before and after it belongs to the message that is handled.
  for (const each of [ship, paid]) {
    expect(each?.headers).toMatchObject({
      'busbar-correlation-id': 'pay-1',
      'busbar-conversation-id': 'pay-1',
    });
  }
  expect(paid?.destination).toBe('till');
  await harness.advance('1h');
  expect(harness.handled(Done)).toMatchObject([{ id: 'A-1' }, { id: 'late' }]);
  expect(persistence.sagas('Shop.OrderSaga')).toEqual([]);
});

test('should end a request that started it', async () => {
  await using harness = createHarness();
  const persistence = memoryPersistence();
  class Ask extends Command('Shop.Ask', { reply: Done })<{ id: string }> {}
  const asked = defineSaga('Shop.Asked', { correlation: 'id', initialState: () => ({ id: '' }) })
    .startedBy(
      Ask,
      ({ id }) => id,
      (_, saga) => saga.requestTimeout(new Deadline(), { delay: '5s' }),
    )
    .onTimeout(Deadline, async (_, saga) => {
      await saga.replyToOriginator(new Done({ id: saga.state.id }));
    });
  harness.endpoint('shop', { persistence, sagas: [asked] });
  const web = harness.endpoint('web', { routes: defineRoutes({ shop: [Ask] }) });
  await harness.start();
  const reply = web.request(new Ask({ id: 'A-1' }), { timeout: '10s' });
  await harness.until(() => persistence.sagas('Shop.Asked').length > 0);
  await harness.advance('5s');
  await expect(reply).resolves.toMatchObject({ id: 'A-1' });
  const [done] = harness.outgoing.slice(-1);
  expect(done?.headers['busbar-expires-at']).toBe('2026-01-01T00:00:10.000Z');
});

test('should find the saga whose message started it', async () => {
  await using harness = createHarness();
  const persistence = memoryPersistence();
  class Begin extends Command('Shop.Begin')<{ id: string }> {}
  const parent = defineSaga('Shop.Parent', {
    correlation: 'id',
    initialState: () => ({ id: '', done: '' }),
  })
    .startedBy<Begin, typeof routes>(
      Begin,
      ({ id }) => id,
      (_, saga) => saga.send(new Order({ id: 'child' })),
    )
    .onReply(Done, ({ id }, saga) => {
      saga.state.done = id;
    });
  // The message that is handled when it replies was sent by a third saga, which must not get the reply.
  const payer = defineSaga('Shop.Payer', { initialState: () => ({ paid: '' }) })
    .startedBy<Begin, typeof routes>(
      Begin,
      finder(() => undefined),
      (_, saga) => saga.send(new Pay({ id: 'child' }), { delay: '1s' }),
    )
    .onReply(Paid, ({ id }, saga) => {
      saga.state.paid = id;
    });
  harness.endpoint('shop', { persistence, routes, sagas: [order] });
  harness.endpoint('depot', { handlers: sink });
  const web = harness.endpoint('web', { persistence, routes, sagas: [parent, payer] });
  await harness.start();
  await web.sendLocal(new Begin({ id: 'P-1' }));
  await harness.advance('1s');
  expect(statesOf(persistence, 'Shop.Parent')).toEqual([{ id: 'P-1', done: 'child' }]);
  expect(statesOf(persistence, 'Shop.Payer')).toEqual([{ paid: 'child' }]);
});

test('should be refused where who started it cannot receive', async () => {
  await using harness = createHarness();
  const persistence = memoryPersistence();
  harness.endpoint('shop', { persistence, routes, sagas: [order], recoverability: noRetries });
  harness.endpoint('depot', { handlers: sink });
  const script = harness.endpoint('script', { routes, sendOnly: true });
  const till = harness.endpoint('till', { routes, handlers: [handler(Paid, () => {})] });
  await harness.start();
  await script.send(new Order({ id: 'A-1' }), { messageId: 'order-1' });
  await harness.settled();
  await till.send(new Pay({ id: 'A-1' }));
  await harness.settled();
  expect(await harness.errorQueue()).toMatchObject([
    {
      failure: {
        code: 'NO_REPLY_ADDRESS',
        message: expect.stringContaining('order-1') as string,
      },
    },
  ]);
});
