import {
  Command,
  type SagaEntry,
  type StandardSchema,
  defineSaga,
  memoryPersistence,
} from '@busbar/core';
import { createHarness, noRetries } from '@busbar/testing';
import { expect, test } from 'vitest';
import { statesOf } from './states-of.ts';

class Add extends Command('Carts.Add')<{ cart: string; item: string }> {}
class Spoil extends Command('Carts.Spoil')<{ cart: string; what: string }> {}

interface Cart {
  cart: string;
  items: string[];
  since: Date;
}

/** Wants a list of items; dates are text on the disk. */
const cartSchema: StandardSchema<unknown, Cart> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: async (value) => {
      const { cart, items, since } = value as Record<keyof Cart, unknown>;
      if (!Array.isArray(items)) {
        return { issues: [{ message: 'expected a list', path: ['items'] }] };
      }
      const date = new Date(since as string);
      return { value: { cart: cart as string, items: items as string[], since: date } };
    },
  },
};

const first = defineSaga('Carts.Cart', {
  correlation: 'cart',
  initialState: () => ({ cart: '', items: '', since: '2026-01-01T00:00:00.000Z' }),
})
  .startedBy(
    Add,
    ({ cart }) => cart,
    ({ item }, saga) => {
      saga.state.items += `${item} `;
    },
  )
  .continuedBy(
    Spoil,
    ({ cart }) => cart,
    () => {},
  );

const cartOf = (options: { version?: number; migrate?: (state: object, from: number) => object }) =>
  defineSaga('Carts.Cart', {
    correlation: 'cart',
    schema: cartSchema,
    initialState: () => ({ cart: '', items: [] as string[], since: new Date(0) }),
    ...options,
  })
    .startedBy(
      Add,
      ({ cart }) => cart,
      ({ item }, saga) => {
        saga.state.items.push(item);
        // The schema has made a date of it again.
        saga.state.since = new Date(saga.state.since.getTime() + 1);
      },
    )
    .continuedBy(
      Spoil,
      ({ cart }) => cart,
      ({ what }, saga) => {
        const state: unknown = saga.state;
        if (what === 'schema') (state as { items: unknown }).items = 7;
        if (what === 'bigint') (state as { items: unknown }).items = [7n];
        if (what === 'cycle') (state as { items: unknown }).items = state;
        if (what === 'list') saga.state = [] as unknown as Cart;
      },
    );

const migrate = (state: object) => {
  const { items } = state as { items: string };
  return { ...state, items: items.split(' ').filter(Boolean) };
};
const second = cartOf({ version: 2, migrate });
const add = new Add({ cart: 'C-1', item: 'tent' });

/** Runs deployments of one service, one after the other, over the same store. */
async function deployments(recoverability: object = noRetries) {
  const harness = createHarness();
  const persistence = memoryPersistence();
  const deploy = async (saga: SagaEntry) => {
    const endpoint = harness.endpoint('carts', { persistence, sagas: [saga], recoverability });
    await harness.start();
    return endpoint;
  };
  return {
    harness,
    persistence,
    deploy,
    [Symbol.asyncDispose]: () => harness.stop(),
  };
}

test('should migrate what an older version stored, check it and store it so', async () => {
  await using run = await deployments();
  const old = await run.deploy(first);
  await old.sendLocal(add);
  await run.harness.settled();
  await old.stop();
  const carts = await run.deploy(second);
  await carts.sendLocal(new Add({ cart: 'C-1', item: 'stove' }));
  await run.harness.settled();
  expect(statesOf(run.persistence, 'Carts.Cart')).toEqual([
    { cart: 'C-1', items: ['tent', 'stove'], since: '2026-01-01T00:00:00.001Z' },
  ]);
  const [stored] = run.persistence.sagas('Carts.Cart');
  expect(stored).toMatchObject({ version: 2 });
  expect(JSON.parse(stored!.state)).toMatchObject({ version: 2 });
});

test('should store a migrated state even if its handlers change nothing, and then no more', async () => {
  await using run = await deployments();
  const old = await run.deploy(first);
  await old.sendLocal(add);
  await run.harness.settled();
  await old.stop();
  const carts = await run.deploy(second);
  for (let times = 0; times < 2; times += 1) {
    await carts.sendLocal(new Spoil({ cart: 'C-1', what: 'nothing' }));
    await run.harness.settled();
  }
  expect(statesOf(run.persistence, 'Carts.Cart')).toMatchObject([{ items: ['tent'] }]);
  expect(run.persistence.sagas('Carts.Cart')).toMatchObject([{ version: 2 }]);
});

test.each([
  ['the schema refuses it', cartOf({}), 'is not valid: items: expected a list'],
  [
    'it cannot be migrated',
    cartOf({
      version: 3,
      migrate: () => {
        throw new Error('never seen');
      },
    }),
    '`migrate` threw',
  ],
  ['migrating gives nothing', cartOf({ version: 2, migrate: () => 7 as never }), 'gave no object'],
  [
    'migrating changes the correlation',
    cartOf({ version: 2, migrate: () => ({ cart: 'C-2', items: [], since: 0 }) }),
    'has another `cart` than the "C-1"',
  ],
])('should keep the message for later when %s', async (_, saga, text) => {
  const delayed = { attempts: 1, delayMs: () => 60_000, description: '' };
  await using run = await deployments({ immediate: 3, delayed });
  const old = await run.deploy(first);
  await old.sendLocal(add);
  await run.harness.settled();
  await old.stop();
  const carts = await run.deploy(saga);
  await carts.sendLocal(add);
  await run.harness.settled();
  // No immediate retries, and a deployment may be on its way.
  expect(carts.health().counts).toMatchObject({ failed: 1, delayed: 1 });
  await run.harness.advance('1m');
  const { id } = run.persistence.sagas('Carts.Cart')[0]!;
  expect(await run.harness.errorQueue()).toMatchObject([
    { failure: { code: 'SAGA_STATE_INVALID', message: expect.stringContaining(text) as string } },
  ]);
  const [failed] = await run.harness.errorQueue();
  expect(failed?.failure.message).toContain(`saga Carts.Cart ${id} (stored as version 1, `);
  expect(statesOf(run.persistence, 'Carts.Cart')).toMatchObject([{ items: 'tent ' }]);
  await carts.stop();
  await run.deploy(second);
  await run.harness.replay();
  await run.harness.settled();
  expect(statesOf(run.persistence, 'Carts.Cart')).toMatchObject([{ items: ['tent', 'tent'] }]);
});

test('should refuse a state that a newer version stored', async () => {
  await using run = await deployments();
  const newer = await run.deploy(second);
  await newer.sendLocal(add);
  await run.harness.settled();
  await newer.stop();
  const carts = await run.deploy(first);
  await carts.sendLocal(add);
  await run.harness.settled();
  expect(await run.harness.errorQueue()).toMatchObject([
    {
      failure: {
        code: 'SAGA_STATE_INVALID',
        message: expect.stringContaining('version 2, newer than the code') as string,
      },
    },
  ]);
});

test.each([
  ['schema', 'SAGA_STATE_INVALID', 'items: expected a list'],
  ['bigint', 'SERIALIZATION_FAILED', 'BigInt'],
  ['cycle', 'SERIALIZATION_FAILED', 'circular'],
  ['list', 'SERIALIZATION_FAILED', 'it is no object'],
])('should refuse to store what does not fit: %s', async (what, code, text) => {
  await using run = await deployments();
  const carts = await run.deploy(second);
  await carts.sendLocal(add);
  await run.harness.settled();
  await carts.sendLocal(new Spoil({ cart: 'C-1', what }));
  await run.harness.settled();
  expect(await run.harness.errorQueue()).toMatchObject([
    { failure: { code, message: expect.stringContaining(text) as string } },
  ]);
  expect(statesOf(run.persistence, 'Carts.Cart')).toMatchObject([{ items: ['tent'] }]);
});

test('should explain a stored text that is no state', async () => {
  await using run = await deployments();
  const carts = await run.deploy(first);
  await carts.sendLocal(add);
  await run.harness.settled();
  // As a hand that edits rows would leave it.
  const [saga] = run.persistence.sagas('Carts.Cart');
  const session = await sessionOf(run.persistence, run.harness);
  await session.commit({
    operations: [],
    sagas: [{ kind: 'update', saga: { ...saga!, version: 2, state: '{"state":7}' } }],
  });
  await carts.sendLocal(add);
  await run.harness.settled();
  expect(await run.harness.errorQueue()).toMatchObject([
    {
      failure: {
        code: 'SAGA_STATE_INVALID',
        message: expect.stringContaining('cannot be read') as string,
      },
    },
  ]);
});

async function sessionOf(
  persistence: ReturnType<typeof memoryPersistence>,
  { clock, logger }: ReturnType<typeof createHarness>,
) {
  const host = { endpoint: 'hand', clock, logger, transport: undefined as never };
  return (await persistence.connect(host)).begin();
}
