import {
  Command,
  Event,
  type HandlerContext,
  type MemoryStorage,
  behavior,
  createEndpoint,
  defineRoutes,
  handler,
  memoryPersistence,
  memoryTransport,
} from '@busbar/core';
import { createHarness } from '@busbar/testing';
import { describe, expect, expectTypeOf, test } from 'vitest';

class PlaceOrder extends Command('Sales.PlaceOrder')<{ orderId: string }> {}
class CancelOrder extends Command('Sales.CancelOrder')<{ orderId: string }> {}
class OrderPlaced extends Event('Sales.OrderPlaced')<{ orderId: string }> {}

const routes = defineRoutes({ sales: [PlaceOrder] });
const event = new OrderPlaced({ orderId: 'A-1' });

function shop() {
  const harness = createHarness();
  const persistence = memoryPersistence();
  const web = harness.endpoint('web', { routes, persistence, outbox: true, sendOnly: true });
  harness.endpoint('shipping', { handlers: [handler(OrderPlaced, () => {})] });
  harness.endpoint('sales', { handlers: [handler(PlaceOrder, () => {})] });
  return { harness, persistence, web };
}

describe('when a session is used', () => {
  test('should commit changes and messages together, and give what the work gave', async () => {
    const { harness, persistence, web } = shop();
    await using _ = harness;
    await harness.start();
    const result = await web.transaction(async (transaction, session) => {
      expectTypeOf(transaction).toEqualTypeOf<MemoryStorage>();
      transaction.set('A-1', 'accepted');
      await session.publish(event);
      await session.send(new PlaceOrder({ orderId: 'A-1' }));
      // @ts-expect-error -- no route
      await expect(session.send(new CancelOrder({ orderId: 'A-1' }))).rejects.toMatchObject({
        code: 'NO_ROUTE',
      });
      expect(harness.outgoing).toEqual([]);
      return 202;
    });
    expect(result).toBe(202);
    expect(persistence.committed.get('A-1')).toBe('accepted');
    await harness.settled();
    expect(harness.handled(OrderPlaced)).toEqual([event]);
    expect(harness.handled(PlaceOrder)).toHaveLength(1);
  });

  test('should leave nothing behind when the work throws', async () => {
    const { harness, persistence, web } = shop();
    await using _ = harness;
    await harness.start();
    const failing = web.transaction(async (transaction, session) => {
      transaction.set('A-1', 'accepted');
      await session.publish(event);
      throw new Error('no stock');
    });
    await expect(failing).rejects.toThrow('no stock');
    await harness.advance('1h');
    expect(persistence.committed.size).toBe(0);
    expect(harness.outgoing).toEqual([]);
  });

  test('should fail for a send that nobody awaited', async () => {
    const { harness, persistence, web } = shop();
    await using _ = harness;
    await harness.start();
    const failing = web.transaction(async (transaction, session) => {
      transaction.set('A-1', 'accepted');
      void session.send(new CancelOrder({ orderId: 'A-1' }), { destination: 'nowhere' });
    });
    await expect(failing).rejects.toMatchObject({ code: 'UNDELIVERABLE' });
    expect(persistence.committed.size).toBe(0);
  });

  test('should refuse the plain ways to send inside, but for those that ask by name', async () => {
    const { harness, web } = shop();
    await using _ = harness;
    await harness.start();
    await web.transaction(async (_transaction, session) => {
      await expect(web.publish(event)).rejects.toMatchObject({ code: 'SEND_OUTSIDE_CONTEXT' });
      await expect(web.transaction(async () => {})).rejects.toMatchObject({
        code: 'SESSION_IN_HANDLER',
        help: expect.stringContaining('context.storage') as string,
      });
      await web.publish(event, { dispatch: 'immediate' });
      await session.publish(event, { dispatch: 'immediate' });
      expect(harness.outgoing).toHaveLength(2);
    });
    expect(harness.outgoing).toHaveLength(2);
    await web.publish(event);
  });

  test('should refuse a session that has ended, inside handlers, and without an outbox', async () => {
    const { harness, web } = shop();
    await using _ = harness;
    const refusals: unknown[] = [];
    const plain = harness.endpoint('plain', {
      handlers: [
        handler(PlaceOrder, async () => {
          refusals.push(await web.transaction(async () => {}).catch((error: unknown) => error));
          expect(() => web.session.within(memoryPersistence().begin())).toThrow(
            'SESSION_IN_HANDLER',
          );
        }),
      ],
    });
    await harness.start();
    let kept: { publish(message: OrderPlaced): Promise<void> } | undefined;
    await web.transaction(async (_transaction, session) => void (kept = session));
    await expect(kept?.publish(event)).rejects.toMatchObject({
      code: 'SEND_OUTSIDE_CONTEXT',
      message: expect.stringContaining('on a transactional session after it had ended') as string,
    });
    await plain.sendLocal(new PlaceOrder({ orderId: 'A-1' }));
    await harness.settled();
    expect(refusals).toMatchObject([{ code: 'SESSION_IN_HANDLER' }]);
    await expect(plain.transaction(async () => {})).rejects.toMatchObject({
      code: 'MISSING_OUTBOX',
      message: expect.stringContaining(
        'Endpoint "plain" has no outbox for transaction().',
      ) as string,
    });
    expect(() => plain.session.within(undefined)).toThrow('MISSING_OUTBOX');
    const stopped = createEndpoint('new', { transport: memoryTransport() });
    await expect(stopped.transaction(async () => {})).rejects.toMatchObject({
      code: 'NOT_STARTED',
    });
  });

  test('should succeed although the dispatch fails, and let the relay send', async () => {
    await using harness = createHarness();
    let broken = true;
    const web = harness.endpoint('web', {
      persistence: memoryPersistence(),
      outbox: true,
      behaviors: [
        behavior('dispatch', 'break', async (_context, next) => {
          if (broken) throw new Error('the connection broke');
          await next();
        }),
      ],
    });
    harness.endpoint('shipping', { handlers: [handler(OrderPlaced, () => {})] });
    await harness.start();
    await web.transaction((_transaction, session) => session.publish(event));
    expect(harness.logger.messages('warn')).toContain(
      'What a transactional session committed could not be dispatched at once; the relay of the outbox sends it',
    );
    broken = false;
    await harness.advance('15m');
    expect(harness.handled(OrderPlaced)).toEqual([event]);
  });
});

describe('when a session is within a transaction of the caller', () => {
  test('should send if and only if that commits', async () => {
    const { harness, persistence, web } = shop();
    await using _ = harness;
    await harness.start();
    const kept = persistence.begin();
    const dropped = persistence.begin();
    await web.session.within(kept).publish(event);
    await web.session.within(dropped).publish(new OrderPlaced({ orderId: 'A-2' }));
    kept.set('A-1', 'accepted');
    dropped.set('A-2', 'accepted');
    await harness.advance('5m');
    expect(harness.outgoing).toEqual([]);
    kept.commit();
    dropped.rollback();
    await harness.advance('15m');
    expect(harness.handled(OrderPlaced)).toEqual([event]);
    expect([...persistence.committed.keys()]).toEqual(['A-1']);
  });

  test('should send soon where the commit comes soon', async () => {
    const { harness, persistence, web } = shop();
    await using _ = harness;
    await harness.start();
    const transaction = persistence.begin();
    await web.session.within(transaction).publish(event, { partitionKey: 'A-1' });
    transaction.commit();
    await harness.advance('50ms');
    expect(harness.handled(OrderPlaced)).toEqual([event]);
  });

  test('should refuse what is no transaction', async () => {
    const { harness, web } = shop();
    await using _ = harness;
    await harness.start();
    const session = web.session.within({} as HandlerContext<never, MemoryStorage>['storage']);
    await expect(session.publish(event)).rejects.toMatchObject({ code: 'INVALID_CONFIGURATION' });
  });
});
