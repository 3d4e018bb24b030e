import {
  Command,
  Event,
  type HandlerContext,
  type MemoryStorage,
  defineRoutes,
  handler,
  memoryPersistence,
} from '@busbar/core';
import { createHarness, noRetries } from '@busbar/testing';
import { describe, expect, test } from 'vitest';
import { wrappedPersistence } from '../../support/wrapped-persistence.ts';
import { transports } from '../../support/transports.ts';

class PlaceOrder extends Command('Sales.PlaceOrder')<{ orderId: string }> {}
class OrderPlaced extends Event('Sales.OrderPlaced')<{ orderId: string }> {}

type Context = HandlerContext<typeof routes, MemoryStorage>;

const routes = defineRoutes({ sales: [PlaceOrder] });
const placeOrder = new PlaceOrder({ orderId: 'A-1' });

describe.each(transports)('when an attempt fails on $name', (transport) => {
  test('should leave no trace: neither what it sent nor what it stored', async () => {
    await using harness = await transport.harness();
    const persistence = memoryPersistence();
    const sales = harness.endpoint('sales', {
      routes,
      persistence,
      recoverability: { ...noRetries, immediate: 2 },
      handlers: [
        handler(PlaceOrder, async ({ orderId }, context: Context) => {
          const seen = (context.storage.get('attempts') as number | undefined) ?? 0;
          context.storage.set('attempts', seen + 1);
          await context.publish(new OrderPlaced({ orderId }));
          await context.send(placeOrder, { delay: '1h' });
          throw new Error('no stock');
        }),
      ],
    });
    await harness.start();
    await sales.send(placeOrder);
    await harness.settled();
    expect(harness.outgoing).toHaveLength(1);
    expect(persistence.committed.size).toBe(0);
    const queues = await (await harness.queues()).list();
    expect(queues.find(({ name }) => name === 'sales')).toMatchObject({ ready: 0, delayed: 0 });
  });
});

describe('when an attempt fails', () => {
  test('should see what was committed before, and commit what the next attempt stores', async () => {
    await using harness = createHarness();
    const persistence = memoryPersistence();
    const seen: unknown[] = [];
    const sales = harness.endpoint('sales', {
      routes,
      persistence,
      recoverability: { ...noRetries, immediate: 1 },
      handlers: [
        handler(PlaceOrder, ({ orderId }, { storage, attempt }: Context) => {
          seen.push(storage.get('last'));
          storage.set('last', `${orderId} attempt ${attempt.immediate}`);
          if (attempt.immediate === 0) throw new Error('once');
        }),
      ],
    });
    await harness.start();
    await sales.send(placeOrder);
    await harness.settled();
    expect(seen).toEqual([undefined, undefined]);
    expect(persistence.committed.get('last')).toBe('A-1 attempt 1');
  });

  test('should roll back when the commit itself fails', async () => {
    await using harness = createHarness();
    const persistence = memoryPersistence();
    let failing = 1;
    const sales = harness.endpoint('sales', {
      routes,
      recoverability: { ...noRetries, immediate: 1 },
      persistence: wrappedPersistence(persistence, (connection) => ({
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
              commit: (changes) => {
                failing -= 1;
                return failing >= 0
                  ? Promise.reject(new Error('deadlock'))
                  : session.commit(changes);
              },
            },
          };
        },
      })),
      handlers: [
        handler(PlaceOrder, async ({ orderId }, context: Context) => {
          context.storage.set('last', orderId);
          await context.publish(new OrderPlaced({ orderId }));
        }),
      ],
    });
    await harness.start();
    await sales.send(placeOrder);
    await harness.settled();
    expect(harness.failures(PlaceOrder)).toMatchObject([{ message: 'deadlock' }]);
    expect(harness.published(OrderPlaced)).toHaveLength(1);
    expect(persistence.committed.get('last')).toBe('A-1');
  });

  test('should explain itself where storage is used without a persistence', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', {
      routes,
      recoverability: noRetries,
      handlers: [
        handler(PlaceOrder, (_, { storage }: Context) => {
          storage.set('last', 'A-1');
        }),
      ],
    });
    await harness.start();
    await sales.send(placeOrder);
    await harness.settled();
    expect(harness.failures(PlaceOrder)).toMatchObject([
      {
        code: 'MISSING_PERSISTENCE',
        message: expect.stringContaining(
          'context.storage.set was used, but endpoint "sales" has no persistence.',
        ) as string,
        help: expect.stringContaining(
          "createEndpoint('sales', { persistence: memoryPersistence(), … })",
        ) as string,
      },
    ]);
  });
});
