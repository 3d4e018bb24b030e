import {
  Command,
  type FinderContext,
  type FoundSaga,
  type MemoryStorage,
  defineSaga,
  finder,
  memoryPersistence,
} from '@busbar/core';
import { createHarness, noRetries } from '@busbar/testing';
import { expect, test } from 'vitest';
import { statesOf } from './states-of.ts';

class Place extends Command('Shop.Place')<{ orderId: string; payment: string }> {}
class Pay extends Command('Shop.Pay')<{ payment: string }> {}

type Find = (
  message: Pay,
  context: FinderContext<MemoryStorage>,
) => FoundSaga | undefined | Promise<FoundSaga | undefined>;

const byStorage: Find = async ({ payment }, { storage, headers }) => {
  if (headers['tenant'] === 'other') return undefined;
  const orderId = storage.get(payment) as string | undefined;
  return orderId === undefined ? undefined : { correlation: orderId };
};

const shop = (find: Find) =>
  defineSaga('Shop.Order', {
    correlation: 'orderId',
    initialState: () => ({ orderId: '', paid: 0 }),
  })
    .startedBy<Place, never, MemoryStorage>(
      Place,
      ({ orderId }) => orderId,
      ({ orderId, payment }, saga) => {
        saga.storage.set(payment, orderId);
        saga.storage.set('id', saga.sagaId);
      },
    )
    .continuedBy(Pay, finder(find), (_, saga) => {
      saga.state.paid += 1;
    });

async function orderedAndPaid(find: Find, headers = {}) {
  const harness = createHarness();
  const persistence = memoryPersistence();
  const endpoint = harness.endpoint('shop', {
    persistence,
    sagas: [shop(find)],
    recoverability: noRetries,
  });
  await harness.start();
  await endpoint.sendLocal(new Place({ orderId: 'A-1', payment: 'P-1' }));
  await harness.settled();
  await endpoint.sendLocal(new Pay({ payment: 'P-1' }), { headers });
  await harness.settled();
  return {
    states: statesOf(persistence, 'Shop.Order'),
    errors: await harness.errorQueue(),
    [Symbol.asyncDispose]: () => harness.stop(),
  };
}

test('should find it by what the storage of the attempt knows', async () => {
  await using run = await orderedAndPaid(byStorage);
  expect(run.states).toEqual([{ orderId: 'A-1', paid: 1 }]);
});

test('should find it by its id', async () => {
  await using run = await orderedAndPaid((_, { storage }) => ({
    sagaId: storage.get('id') as string,
  }));
  expect(run.states).toEqual([{ orderId: 'A-1', paid: 1 }]);
});

test('should find none when the query finds nothing', async () => {
  await using run = await orderedAndPaid(byStorage, { tenant: 'other' });
  expect(run.states).toEqual([{ orderId: 'A-1', paid: 0 }]);
  expect(run.errors).toEqual([]);
});

test('should fail like a handler when the query fails', async () => {
  await using run = await orderedAndPaid(() => {
    throw new Error('no such index');
  });
  expect(run.errors).toMatchObject([
    { failure: { handler: 'Shop.Order (Shop.Pay), its finder', message: 'no such index' } },
  ]);
});

test.each([{ correlation: '' }, { sagaId: 7 }, {}, 'A-1'])(
  'should refuse %o from a query',
  async (found) => {
    await using run = await orderedAndPaid(() => found as unknown as FoundSaga);
    expect(run.errors).toMatchObject([{ failure: { code: 'INVALID_SAGA' } }]);
    expect(run.states).toEqual([{ orderId: 'A-1', paid: 0 }]);
  },
);

test('should start one by what a query found to correlate by, and never for an id', async () => {
  await using harness = createHarness();
  const persistence = memoryPersistence();
  const started = defineSaga('Shop.Started', {
    correlation: 'orderId',
    initialState: () => ({ orderId: '', paid: 0 }),
  }).startedBy(
    Pay,
    finder(({ payment }) => {
      if (payment === 'nothing') return undefined;
      return payment.startsWith('id') ? { sagaId: payment } : { correlation: payment };
    }),
    (_, saga) => {
      saga.state.paid += 1;
    },
  );
  const endpoint = harness.endpoint('shop', {
    persistence,
    sagas: [started],
    recoverability: noRetries,
  });
  await harness.start();
  for (const payment of ['A-1', 'A-1', 'id-9', 'nothing']) {
    await endpoint.sendLocal(new Pay({ payment }));
    await harness.settled();
  }
  expect(statesOf(persistence, 'Shop.Started')).toEqual([{ orderId: 'A-1', paid: 2 }]);
  expect(await harness.errorQueue()).toMatchObject([
    { failure: { code: 'SAGA_CORRELATION_MISSING' } },
  ]);
});

test('should start one for each message of a saga without correlation, and find it by id only', async () => {
  await using harness = createHarness();
  const persistence = memoryPersistence();
  const each = defineSaga('Shop.Each', { initialState: () => ({ seen: 0 }) })
    .startedBy(
      Place,
      finder(() => undefined),
      (_, saga) => {
        saga.state.seen += 1;
      },
    )
    .continuedBy(
      Pay,
      finder(({ payment }) => ({ sagaId: payment })),
      (_, saga) => {
        saga.state.seen += 1;
      },
    );
  const endpoint = harness.endpoint('shop', { persistence, sagas: [each] });
  await harness.start();
  await endpoint.sendLocal(new Place({ orderId: 'A-1', payment: '' }));
  await endpoint.sendLocal(new Place({ orderId: 'A-1', payment: '' }));
  await harness.settled();
  const [first] = persistence.sagas('Shop.Each');
  expect(first).toMatchObject({ correlation: undefined });
  await endpoint.sendLocal(new Pay({ payment: first!.id }));
  await harness.settled();
  expect(statesOf(persistence, 'Shop.Each')).toEqual([{ seen: 2 }, { seen: 1 }]);
});
