import {
  Command,
  Event,
  Message,
  behavior,
  defineRoutes,
  defineSaga,
  handler,
  memoryPersistence,
} from '@busbar/core';
import { createHarness, noRetries } from '@busbar/testing';
import { expect, test } from 'vitest';
import { statesOf } from './states-of.ts';

class Buy extends Command('Buying.Buy')<{ id: string }> {}
class GetQuote extends Command('Pricing.GetQuote')<{ item: string }> {}
class Quote extends Message('Pricing.Quote')<{ price: number }> {}
class Bought extends Event('Buying.Bought')<{ item: string }> {}
class Thanks extends Message('Crm.Thanks')<{ by: string }> {}

const routes = defineRoutes({ pricing: [GetQuote] });

const buying = defineSaga('Buying.Purchase', {
  correlation: 'id',
  initialState: () => ({ id: '', price: 0, thanks: [] as string[] }),
})
  .startedBy<Buy, typeof routes>(
    Buy,
    ({ id }) => id,
    async (_, saga) => {
      // Nothing in it says for which purchase it is.
      await saga.send(new GetQuote({ item: 'TENT' }));
    },
  )
  .onReply(Quote, async ({ price }, saga) => {
    saga.state.price = price;
    await saga.publish(new Bought({ item: 'TENT' }));
  })
  .onReply(Thanks, ({ by }, saga) => {
    saga.state.thanks.push(by);
  });

const recoverability = noRetries;
const done = { id: 'B-1', price: 40, thanks: [] as string[] };

test('should bring a reply of a plain handler to the instance that asked', async () => {
  await using harness = createHarness();
  const persistence = memoryPersistence();
  const buyer = harness.endpoint('buying', { persistence, routes, sagas: [buying] });
  harness.endpoint('pricing', {
    handlers: [handler(GetQuote, (_, context) => context.reply(new Quote({ price: 40 })))],
  });
  await harness.start();
  await buyer.sendLocal(new Buy({ id: 'B-1' }));
  await buyer.sendLocal(new Buy({ id: 'B-2' }));
  await harness.settled();
  expect(statesOf(persistence, 'Buying.Purchase')).toEqual([done, { ...done, id: 'B-2' }]);
});

test('should bring a reply of another saga to the saga that asked', async () => {
  await using harness = createHarness();
  const persistence = memoryPersistence();
  const pricing = defineSaga('Pricing.Quotation', {
    correlation: 'item',
    initialState: () => ({ item: '' }),
  }).startedBy(
    GetQuote,
    ({ item }) => item,
    async (_, saga) => {
      await saga.reply(new Quote({ price: 40 }));
      saga.complete();
    },
  );
  const buyer = harness.endpoint('buying', { persistence, routes, sagas: [buying] });
  harness.endpoint('pricing', { persistence, sagas: [pricing], recoverability });
  await harness.start();
  await buyer.sendLocal(new Buy({ id: 'B-1' }));
  await harness.settled();
  expect(statesOf(persistence, 'Buying.Purchase')).toEqual([done]);
  expect(persistence.sagas('Pricing.Quotation')).toEqual([]);
  const { id } = persistence.sagas('Buying.Purchase')[0]!;
  const [reply] = harness.outgoing.filter(({ message }) => message instanceof Quote);
  expect(reply?.headers).toMatchObject({
    'busbar-saga-id': id,
    'busbar-saga-type': 'Buying.Purchase',
    'busbar-originating-saga-type': 'Pricing.Quotation',
  });
  expect(reply?.headers).not.toHaveProperty('busbar-saga-timeout');
});

test('should bring replies to an event to the instance that published it', async () => {
  await using harness = createHarness();
  const persistence = memoryPersistence();
  const buyer = harness.endpoint('buying', { persistence, routes, sagas: [buying] });
  harness.endpoint('pricing', {
    handlers: [handler(GetQuote, (_, context) => context.reply(new Quote({ price: 40 })))],
  });
  for (const by of ['crm', 'mail']) {
    harness.endpoint(by, {
      handlers: [handler(Bought, (_, context) => context.reply(new Thanks({ by })))],
    });
  }
  await harness.start();
  await buyer.sendLocal(new Buy({ id: 'B-1' }));
  await harness.settled();
  const [state] = statesOf(persistence, 'Buying.Purchase') as [typeof done];
  expect(state.thanks.toSorted()).toEqual(['crm', 'mail']);
});

test('should leave what is sent beside the saga without its id', async () => {
  await using harness = createHarness();
  class Noted extends Event('Buying.Noted') {}
  const persistence = memoryPersistence();
  const buyer = harness.endpoint('buying', {
    persistence,
    routes,
    sagas: [buying],
    handlers: [handler(Buy, (_, context) => context.publish(new Noted()))],
  });
  harness.endpoint('pricing', { handlers: [handler(GetQuote, () => {})] });
  await harness.start();
  await buyer.sendLocal(new Buy({ id: 'B-1' }));
  await harness.settled();
  const [, noted, asked] = harness.outgoing;
  expect(noted?.message).toBeInstanceOf(Noted);
  expect(noted?.headers).not.toHaveProperty('busbar-originating-saga-id');
  expect(asked?.message).toBeInstanceOf(GetQuote);
  expect(asked?.headers).toHaveProperty('busbar-originating-saga-id');
});

test('should keep what belongs to a saga through delayed retries and a replay', async () => {
  await using harness = createHarness();
  const persistence = memoryPersistence();
  let failures = 3;
  const buyer = harness.endpoint('buying', {
    persistence,
    routes,
    sagas: [buying],
    recoverability: {
      immediate: 0,
      delayed: { attempts: 2, delayMs: () => 1_000, description: '' },
    },
    behaviors: [
      behavior('handlers', 'fails', async ({ message }, next) => {
        await next();
        failures -= message instanceof Quote ? 1 : 0;
        if (message instanceof Quote && failures >= 0) throw new Error('not yet');
      }),
    ],
  });
  harness.endpoint('pricing', {
    handlers: [handler(GetQuote, (_, context) => context.reply(new Quote({ price: 40 })))],
  });
  await harness.start();
  await buyer.sendLocal(new Buy({ id: 'B-1' }));
  await harness.advance('10s');
  expect(statesOf(persistence, 'Buying.Purchase')).toEqual([{ ...done, price: 0 }]);
  expect(await harness.errorQueue()).toMatchObject([
    { headers: { 'busbar-saga-type': 'Buying.Purchase', 'busbar-failure-attempts': '3' } },
  ]);
  await harness.replay();
  await harness.settled();
  expect(statesOf(persistence, 'Buying.Purchase')).toEqual([done]);
});
