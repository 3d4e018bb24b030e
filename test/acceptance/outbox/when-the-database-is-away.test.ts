import {
  Command,
  type HandlerContext,
  type MemoryStorage,
  createEndpoint,
  defineRoutes,
  handler,
  memoryPersistence,
  memoryTransport,
  persistenceUnavailable,
} from '@busbar/core';
import { createHarness } from '@busbar/testing';
import { describe, expect, test } from 'vitest';
import { wrappedPersistence } from '../../support/wrapped-persistence.ts';

class PlaceOrder extends Command('Sales.PlaceOrder')<{ orderId: string }> {}

type Context = HandlerContext<typeof routes, MemoryStorage>;

const routes = defineRoutes({ sales: [PlaceOrder] });
const away = new Error('connect ECONNREFUSED');

describe.each(['open', 'handler', 'commit'] as const)(
  'when the database goes away, noticed in %s',
  (where) => {
    test('should keep the message, pause, and go on by itself', async () => {
      await using harness = createHarness();
      let down = true;
      const inner = memoryPersistence();
      const throwIf = (place: string): void => {
        if (down && place === where) throw away;
      };
      const persistence = wrappedPersistence(inner, (connection) => ({
        isOutage: (error) => error === away,
        open: async (incoming) => {
          throwIf('open');
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
                throwIf('commit');
                return session.commit(changes);
              },
            },
          };
        },
      }));
      const criticals: Error[] = [];
      const sales = harness.endpoint('sales', {
        routes,
        persistence,
        outbox: true,
        onCriticalError: (error) => void criticals.push(error),
        handlers: [
          handler(PlaceOrder, ({ orderId }, context: Context) => {
            throwIf('handler');
            context.storage.set(orderId, 'placed');
          }),
        ],
      });
      await harness.start();
      await sales.send(new PlaceOrder({ orderId: 'A-1' }));
      await harness.advance('5m');
      expect(await harness.errorQueue()).toEqual([]);
      expect(inner.committed.size).toBe(0);
      expect(criticals[0]).toMatchObject({
        code: 'PERSISTENCE_UNAVAILABLE',
        message: expect.stringContaining('cannot be used: connect ECONNREFUSED.') as string,
        help: expect.stringContaining('nothing was acknowledged') as string,
      });
      expect(sales.health().status).toBe('unhealthy');
      down = false;
      await harness.advance('5m');
      expect(inner.committed.get('A-1')).toBe('placed');
      expect(sales.health()).toMatchObject({ status: 'healthy', counts: { handled: 1 } });
    });
  },
);

describe('when the database is away', () => {
  test('should fail the start, which may be tried again', async () => {
    let down = true;
    const inner = memoryPersistence();
    const persistence = {
      ...wrappedPersistence(inner, () => ({})),
      connect: async (host: Parameters<typeof inner.connect>[0]) => {
        if (down) throw persistenceUnavailable(away);
        return inner.connect(host);
      },
    };
    const logger = createHarness().logger;
    await using sales = createEndpoint('sales', {
      transport: memoryTransport(),
      logger,
      persistence,
      outbox: true,
    });
    await expect(sales.start()).rejects.toMatchObject({ code: 'PERSISTENCE_UNAVAILABLE' });
    down = false;
    await sales.start();
    expect(sales.health().status).toBe('healthy');
  });

  test('should fail a session without a trace', async () => {
    await using harness = createHarness();
    const inner = memoryPersistence();
    const persistence = wrappedPersistence(inner, () => ({
      isOutage: (error) => error === away,
      begin: () => Promise.reject(away),
    }));
    const web = harness.endpoint('web', { persistence, outbox: true, sendOnly: true });
    await harness.start();
    await expect(web.transaction(async () => {})).rejects.toMatchObject({
      code: 'PERSISTENCE_UNAVAILABLE',
      cause: away,
    });
  });

  test('should tell health what the persistence says', async () => {
    await using harness = createHarness();
    const persistence = wrappedPersistence(memoryPersistence(), () => ({
      health: () => ({ problem: 'PostgreSQL cannot be reached' }),
    }));
    const sales = harness.endpoint('sales', { persistence, outbox: true });
    await harness.start();
    expect(sales.health()).toMatchObject({
      status: 'degraded',
      problems: ['PostgreSQL cannot be reached'],
    });
  });
});
