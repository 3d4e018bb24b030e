import { Command, defineRoutes, handler, memoryPersistence } from '@busbar/core';
import { createHarness, noRetries } from '@busbar/testing';
import { describe, expect, test } from 'vitest';
import { wrappedPersistence } from '../../support/wrapped-persistence.ts';

class PlaceOrder extends Command('Sales.PlaceOrder')<{ orderId: string }> {}

const routes = defineRoutes({ sales: [PlaceOrder] });
const placeOrder = new PlaceOrder({ orderId: 'A-1' });

describe('when a handler does not end', () => {
  test('should lose its transaction at the deadline of the stop', async () => {
    await using harness = createHarness();
    const ends: string[] = [];
    const persistence = wrappedPersistence(memoryPersistence(), (connection) => ({
      open: async (incoming) => {
        const opened = await connection.open(incoming);
        if (opened.state !== 'new') return opened;
        const { session } = opened;
        return {
          state: 'new',
          session: {
            storage: session.storage,
            findSaga: (query) => session.findSaga(query),
            commit: (changes) => session.commit(changes),
            rollback: async () => void ends.push('rolled back'),
            abandon: async () => void ends.push('abandoned'),
          },
        };
      },
    }));
    const inside = Promise.withResolvers<void>();
    const hanging = Promise.withResolvers<void>();
    const sales = harness.endpoint('sales', {
      routes,
      persistence,
      outbox: true,
      handlers: [
        handler(PlaceOrder, async () => {
          inside.resolve();
          await hanging.promise;
        }),
      ],
    });
    await harness.start();
    await sales.send(placeOrder);
    await inside.promise;
    const stopping = sales.stop({ deadline: '1s' });
    await harness.advance('2s');
    await stopping;
    expect(ends).toEqual(['abandoned']);
    hanging.resolve();
    await harness.until(() => true);
    expect(ends).toEqual(['abandoned']);
  });
});

describe('when a transaction loses against another', () => {
  const deadlock = new Error('deadlock detected');

  test.each(['handler', 'commit'] as const)(
    'should be tried again at once, without a failure, noticed in %s',
    async (where) => {
      await using harness = createHarness();
      let left = 1;
      const lose = (place: string): void => {
        if (place !== where || left === 0) return;
        left -= 1;
        throw deadlock;
      };
      const inner = memoryPersistence();
      const persistence = wrappedPersistence(inner, (connection) => ({
        isConflict: (error) => error === deadlock,
        open: async (incoming) => {
          const opened = await connection.open(incoming);
          if (opened.state !== 'new') return opened;
          const { session } = opened;
          return {
            state: 'new',
            session: {
              storage: session.storage,
              findSaga: (query) => session.findSaga(query),
              rollback: () => session.rollback(),
              commit: async (changes) => {
                lose('commit');
                return session.commit(changes);
              },
            },
          };
        },
      }));
      const sales = harness.endpoint('sales', {
        routes,
        persistence,
        outbox: true,
        recoverability: noRetries,
        handlers: [handler(PlaceOrder, () => lose('handler'))],
      });
      await harness.start();
      await sales.send(placeOrder);
      await harness.settled();
      expect(left).toBe(0);
      expect(sales.health().counts).toMatchObject({ handled: 1, failed: 0 });
    },
  );

  test('should be told to the caller of a session', async () => {
    await using harness = createHarness();
    const persistence = wrappedPersistence(memoryPersistence(), () => ({
      isConflict: (error) => error === deadlock,
    }));
    const web = harness.endpoint('web', { persistence, outbox: true, sendOnly: true });
    await harness.start();
    const losing = web.transaction(() => Promise.reject(deadlock));
    await expect(losing).rejects.toMatchObject({
      code: 'TRANSACTION_CONFLICT',
      cause: deadlock,
      message: expect.stringContaining('lost against another one: deadlock detected.') as string,
    });
  });
});
