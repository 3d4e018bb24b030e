import {
  Command,
  Event,
  type HandlerContext,
  type MemoryStorage,
  behavior,
  defineRoutes,
  handler,
  memoryPersistence,
} from '@busbar/core';
import { createHarness } from '@busbar/testing';
import { describe, expect, test } from 'vitest';
import { wrappedOutbox, wrappedPersistence } from '../../support/wrapped-persistence.ts';

class PlaceOrder extends Command('Sales.PlaceOrder')<{ orderId: string }> {}
class RemindCustomer extends Command('Sales.RemindCustomer')<{ text: string }> {}
class OrderPlaced extends Event('Sales.OrderPlaced')<{ orderId: string }> {}

type Context = HandlerContext<typeof routes, MemoryStorage>;

const routes = defineRoutes({ sales: [PlaceOrder, RemindCustomer] });
const placeOrder = new PlaceOrder({ orderId: 'A-1' });
const special = 'Käse & "Brot"\n\u2028 \\ 🧀 \u0000';

function crashing(times: number): ReturnType<typeof behavior<'dispatch'>> {
  let left = times;
  return behavior('dispatch', 'crash', async (context, next) => {
    const fromHandler = context.operations.some(
      ({ message }) => message.headers['busbar-related-to'] !== undefined,
    );
    if (fromHandler) {
      left -= 1;
      if (left >= 0) throw new Error('the connection broke');
    }
    await next();
  });
}

describe('when dispatching fails after the commit', () => {
  test('should dispatch what was stored with the same ids, without calling the handlers again', async () => {
    await using harness = createHarness();
    const persistence = memoryPersistence();
    const prepared: string[] = [];
    let handled = 0;
    const sales = harness.endpoint('sales', {
      routes,
      persistence,
      outbox: true,
      behaviors: [crashing(2)],
      observers: [
        { outgoing: (headers) => void prepared.push(headers['busbar-message-id'] ?? '') },
      ],
      handlers: [
        handler(PlaceOrder, async ({ orderId }, context: Context) => {
          handled += 1;
          context.storage.set('orderId', orderId);
          await context.publish(new OrderPlaced({ orderId }));
          await context.send(new RemindCustomer({ text: 'pay' }), { delay: '1h' });
        }),
        handler(OrderPlaced, () => {}),
        handler(RemindCustomer, () => {}),
      ],
    });
    await harness.start();
    await sales.send(placeOrder, { messageId: 'm-1' });
    await harness.settled();
    expect(handled).toBe(1);
    expect(persistence.committed.get('orderId')).toBe('A-1');
    expect(harness.handled(OrderPlaced)).toHaveLength(1);
    const left = harness.outgoing.slice(1).map(({ headers }) => headers['busbar-message-id']);
    expect(left).toEqual(prepared.slice(1));
    expect(harness.handled(RemindCustomer)).toHaveLength(0);
    await harness.advance('1h');
    expect(harness.handled(RemindCustomer)).toHaveLength(1);
  });

  test('should dispatch in another process what the dead one had stored', async () => {
    await using harness = createHarness();
    const persistence = memoryPersistence();
    const options = {
      routes,
      persistence,
      outbox: true,
      handlers: [
        handler(PlaceOrder, ({ orderId }, context) =>
          context.publish(new OrderPlaced({ orderId })),
        ),
      ],
    };
    const hanging = Promise.withResolvers<void>();
    const dead = harness.endpoint('sales', {
      ...options,
      behaviors: [
        behavior('dispatch', 'die', async (context, next) => {
          const first = context.operations[0]?.message.headers['busbar-related-to'];
          if (first !== undefined) await hanging.promise;
          await next();
        }),
      ],
    });
    harness.endpoint('shipping', { handlers: [handler(OrderPlaced, () => {})] });
    await harness.start();
    await dead.send(placeOrder, { messageId: 'm-1' });
    await harness.until(() => dead.health().receivers[0]?.inFlight === 1);
    const stopping = dead.stop({ deadline: '1s' });
    await harness.advance('2s');
    await stopping;
    expect(harness.handled(OrderPlaced)).toHaveLength(0);

    const successor = harness.endpoint('sales', options);
    await harness.start();
    await harness.settled();
    expect(harness.handled(OrderPlaced)).toHaveLength(1);
    expect(successor.health().counts).toMatchObject({ deduplicated: 1, handled: 0 });
    hanging.resolve();
    await harness.settled();
    expect(harness.handled(OrderPlaced)).toHaveLength(1);
  });

  test('should dispatch again with the same ids where only the note of it was lost', async () => {
    await using harness = createHarness();
    const inner = memoryPersistence();
    let handled = 0;
    let failing = 1;
    const ids: string[] = [];
    const persistence = wrappedPersistence(inner, ({ outbox }) => ({
      outbox: wrappedOutbox(outbox, {
        markDispatched: (record) => {
          failing -= 1;
          if (failing < 0) outbox.markDispatched(record);
        },
      }),
    }));
    const sales = harness.endpoint('sales', {
      routes,
      persistence,
      outbox: true,
      handlers: [
        handler(PlaceOrder, ({ orderId }, context) => {
          handled += 1;
          return context.publish(new OrderPlaced({ orderId }));
        }),
      ],
    });
    harness.endpoint('shipping', {
      handlers: [handler(OrderPlaced, (_, { messageId }) => void ids.push(messageId))],
    });
    await harness.start();
    await sales.send(placeOrder, { messageId: 'm-1' });
    await harness.settled();
    expect(ids).toHaveLength(1);
    await sales.send(placeOrder, { messageId: 'm-1' });
    await harness.settled();
    expect(handled).toBe(1);
    expect(ids).toHaveLength(2);
    expect(ids[0]).toBe(ids[1]);
  });

  test('should bring every header, body and option through the store unchanged', async () => {
    await using harness = createHarness();
    const seen: unknown[] = [];
    const sales = harness.endpoint('sales', {
      routes,
      persistence: memoryPersistence(),
      outbox: true,
      behaviors: [crashing(1)],
      handlers: [
        handler(PlaceOrder, (_, context) =>
          context.send(new RemindCustomer({ text: special }), {
            delay: '1h',
            partitionKey: special.slice(0, 4),
            headers: { special, 'X-Käse': special },
          }),
        ),
        handler(RemindCustomer, ({ text }, { headers }) => {
          seen.push(text, headers['special'], headers['X-Käse'], headers['busbar-partition-key']);
        }),
      ],
    });
    await harness.start();
    await sales.send(placeOrder);
    await harness.settled();
    expect(seen).toEqual([]);
    await harness.advance('1h');
    expect(seen).toEqual([special, special, special, special.slice(0, 4)]);
  });

  test('should keep at it through the retries, and leave the rest to the relay or a replay', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', {
      routes,
      persistence: memoryPersistence(),
      outbox: true,
      behaviors: [crashing(24)],
      handlers: [
        handler(PlaceOrder, ({ orderId }, context) =>
          context.publish(new OrderPlaced({ orderId })),
        ),
        handler(OrderPlaced, () => {}),
      ],
    });
    await harness.start();
    await sales.send(placeOrder, { messageId: 'm-1' });
    await harness.advance('2m');
    expect(harness.handled(OrderPlaced)).toHaveLength(0);
    expect(await harness.errorQueue()).toMatchObject([
      { messageId: 'm-1', failure: { attempts: 24, message: 'the connection broke' } },
    ]);
    await harness.advance('1h');
    expect(harness.handled(OrderPlaced)).toHaveLength(1);
    await harness.replay();
    await harness.settled();
    expect(harness.handled(OrderPlaced)).toHaveLength(1);
    expect(sales.health().counts).toMatchObject({ deduplicated: 1 });
  });
});
