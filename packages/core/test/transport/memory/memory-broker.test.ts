import { describe, expect, test } from 'vitest';
import { MemoryBroker } from '../../../src/transport/memory/memory-broker.ts';
import { connectMemory, connectTo, receive, resolved, toQueue } from './support.ts';

describe('a memory broker that settles', () => {
  test('should be idle while nobody receives what waits', async () => {
    const { broker, connection } = await connectMemory();
    await connection.queues.provision([{ name: 'orders' }]);
    await connection.dispatch([toQueue('orders')]);
    expect(broker.idle).toBe(true);
    await broker.settled();
  });

  test('should not be idle while a message is ready or in flight', async () => {
    const { broker, connection } = await connectMemory();
    await connection.queues.provision([{ name: 'orders' }]);
    const entered = Promise.withResolvers<void>();
    const door = Promise.withResolvers<'settle'>();
    await receive(connection, 'orders', () => {
      entered.resolve();
      return door.promise;
    });
    void connection.dispatch([toQueue('orders')]);
    expect(broker.idle).toBe(false);
    await entered.promise;
    const settled = broker.settled();
    expect(await resolved(settled)).toBe(false);
    expect(broker.idle).toBe(false);
    door.resolve('settle');
    expect(await resolved(settled)).toBe(true);
    expect(broker.idle).toBe(true);
  });

  test('should wait for what handlers send on', async () => {
    const { broker, connection } = await connectMemory();
    await connection.queues.provision([{ name: 'one' }, { name: 'two' }, { name: 'three' }]);
    const handled: string[] = [];
    const passOn = async (from: string, to?: string): Promise<void> => {
      await receive(connection, from, async () => {
        handled.push(from);
        if (to !== undefined) await connection.dispatch([toQueue(to), toQueue(to)]);
        return 'settle';
      });
    };
    await passOn('one', 'two');
    await passOn('two', 'three');
    await passOn('three');
    await connection.dispatch([toQueue('one')]);
    await broker.settled();
    expect(handled.toSorted()).toEqual(['one', 'three', 'three', 'three', 'three', 'two', 'two']);
  });

  test('should wait for a receiver that backs off', async () => {
    const { broker, clock } = await connectMemory();
    const connection = await connectTo(broker, clock);
    await connection.queues.provision([{ name: 'orders' }]);
    const receiver = connection.createReceiver({
      queue: 'orders',
      concurrency: 1,
      suspicionAfter: 5,
      ordered: false,
    });
    let attempts = 0;
    await receiver.start(
      async () => {
        attempts += 1;
        if (attempts === 1) throw new Error('on purpose');
        return 'settle';
      },
      async () => ({ action: 'retry', afterMs: 1_000 }),
    );
    await connection.dispatch([toQueue('orders')]);
    const settled = broker.settled();
    expect(await resolved(settled)).toBe(false);
    await clock.advance(1_000);
    expect(await resolved(settled)).toBe(true);
  });

  test('should not wait for delayed messages, but say when the next is due', async () => {
    const { broker, connection, clock } = await connectMemory();
    await connection.queues.provision([{ name: 'orders' }]);
    let handled = 0;
    await receive(connection, 'orders', async () => {
      handled += 1;
      return 'settle';
    });
    expect(broker.nextDueAt).toBeUndefined();
    await connection.dispatch([
      toQueue('orders', { deliverAt: 5_000 }),
      toQueue('orders', { deliverAt: 3_000 }),
    ]);
    await broker.settled();
    expect(broker.nextDueAt).toBe(3_000);
    expect(await connection.queues.list()).toEqual([
      { name: 'orders', ready: 0, delayed: 2, inFlight: 0 },
    ]);
    await clock.advance(2_999);
    expect(handled).toBe(0);
    await clock.advance(1);
    await broker.settled();
    expect(handled).toBe(1);
    expect(broker.nextDueAt).toBe(5_000);
    await clock.advance(3 * 24 * 60 * 60 * 1_000);
    await broker.settled();
    expect(handled).toBe(2);
    expect(broker.nextDueAt).toBeUndefined();
  });

  test('should keep the clocks of its connections apart', async () => {
    const { broker, connection: slow } = await connectMemory();
    const { clock } = await connectMemory();
    const fast = await connectTo(broker, clock);
    await slow.queues.provision([{ name: 'orders' }]);
    await slow.dispatch([toQueue('orders', { deliverAt: 1_000 })]);
    await fast.dispatch([toQueue('orders', { deliverAt: 2_000 })]);
    expect(broker.nextDueAt).toBe(1_000);
    await clock.advance(2_000);
    expect((await slow.queues.list())[0]).toMatchObject({ ready: 1, delayed: 1 });
  });
});

describe('a memory broker with a name', () => {
  test('should be the same for everybody', () => {
    expect(MemoryBroker.named('shop')).toBe(MemoryBroker.named('shop'));
    expect(MemoryBroker.named('shop')).not.toBe(MemoryBroker.named('office'));
  });
});

describe('a queue of a memory broker', () => {
  test('should keep due messages for a queue that is gone, and say so', async () => {
    const { broker, connection, clock } = await connectMemory();
    await connection.queues.provision([{ name: 'doomed' }]);
    await connection.dispatch([toQueue('doomed', { deliverAt: 1_000 })]);
    broker.removeQueue('doomed');
    await clock.advance(1_000);
    expect(await connection.queues.peek('busbar.undeliverable', 10)).toHaveLength(1);
    expect(connection.health().problem).toContain('busbar.undeliverable');
  });

  test('should deliver due messages to a queue that is there again', async () => {
    const { broker, connection, clock } = await connectMemory();
    await connection.queues.provision([{ name: 'back' }]);
    await connection.dispatch([toQueue('back', { deliverAt: 1_000 })]);
    broker.removeQueue('back');
    await connection.queues.provision([{ name: 'back' }]);
    await clock.advance(1_000);
    expect(await connection.queues.peek('back', 10)).toHaveLength(1);
    expect(connection.health()).toEqual({ connected: true });
  });

  test('should serve its receiver again after it was removed and provisioned', async () => {
    const { broker, connection } = await connectMemory();
    await connection.queues.provision([{ name: 'orders' }]);
    let handled = 0;
    const receiver = await receive(connection, 'orders', async () => {
      handled += 1;
      return 'settle';
    });
    broker.removeQueue('orders');
    expect(receiver.health().paused).toBe('the queue was removed');
    await connection.queues.provision([{ name: 'orders' }]);
    expect(receiver.health().paused).toBeUndefined();
    await connection.dispatch([toQueue('orders')]);
    await broker.settled();
    expect(handled).toBe(1);
  });

  test('should forget what was held when it was removed', async () => {
    const { broker, connection } = await connectMemory();
    await connection.queues.provision([{ name: 'orders' }]);
    const door = Promise.withResolvers<'settle'>();
    const receiver = await receive(connection, 'orders', () => door.promise);
    await connection.dispatch([toQueue('orders')]);
    broker.removeQueue('orders');
    await receiver.stop(AbortSignal.abort());
    door.resolve('settle');
    await connection.queues.provision([{ name: 'orders' }]);
    expect(await connection.queues.peek('orders', 10)).toEqual([]);
  });

  test('should go when nobody received from it for as long as it may be unused', async () => {
    const { connection, clock } = await connectMemory();
    await connection.queues.provision([{ name: 'replies', expiresUnusedMs: 1_000 }]);
    const receiver = await receive(connection, 'replies', async () => 'settle');
    await clock.advance(5_000);
    expect(await connection.queues.missing(['replies'])).toEqual([]);
    await receiver.stop(AbortSignal.abort());
    await clock.advance(999);
    expect(await connection.queues.missing(['replies'])).toEqual([]);
    await clock.advance(1);
    expect(await connection.queues.missing(['replies'])).toEqual(['replies']);
  });

  test('should refuse a receiver, a subscription and a peek when it is missing', async () => {
    const { connection } = await connectMemory();
    const code = { code: 'MISSING_QUEUE' };
    await expect(receive(connection, 'gone', async () => 'settle')).rejects.toMatchObject(code);
    await expect(connection.subscriptions.subscribe('gone', ['topic'])).rejects.toMatchObject(code);
    await expect(connection.queues.peek('gone', 1)).rejects.toMatchObject(code);
  });
});
