import { describe, expect, test } from 'vitest';
import { until } from '../../../../test/support/rabbitmq/bounded-wait.ts';
import { brokerForTests } from '../../../../test/support/rabbitmq/broker-for-tests.ts';
import { createVirtualHost } from '../../../../test/support/rabbitmq/virtual-host.ts';
import { Receiving, idOf, limitMs, numbered, queueTypes } from './support/receiving.ts';

const rabbit = await brokerForTests();

rabbit.register('a receiver that may hold nothing', (broker) => {
  describe.for(queueTypes)('a receiver of a %s queue', (type) => {
    test('should hold nothing while it pauses, and go on afterwards', async () => {
      await using vhost = await createVirtualHost(broker);
      await using all = await Receiving.open(vhost.url);
      const queue = await all.queue('orders', type);
      const handled = new Set<string>();
      let broken = false;
      const receiver = await all.receive(
        queue,
        (attempt) => {
          if (broken) throw new Error('on purpose');
          handled.add(idOf(attempt));
        },
        { concurrency: 2, onError: () => Promise.reject(new Error('no error queue')) },
      );
      await all.warmUp(receiver);
      broken = true;
      const ids = numbered(20);
      await all.send(queue, ids);
      await until(limitMs, 'the pause', () => receiver.health().paused === 'no error queue');
      await all.hasReady(queue, ids.length);
      expect(receiver.held).toBe(0);
      broken = false;
      await until(limitMs, 'all messages', () => handled.size === 2 + ids.length);
      await all.stop(receiver);
      expect(await all.ready(queue)).toBe(0);
    });

    test('should hold nothing beside a suspect', async () => {
      await using vhost = await createVirtualHost(broker);
      await using all = await Receiving.open(vhost.url);
      const queue = await all.queue('orders', type);
      const handled: string[] = [];
      const suspectEntered = Promise.withResolvers<void>();
      const leave = Promise.withResolvers<void>();
      const receiver = all.receiver(queue, { concurrency: 2, suspicionAfter: 1 });
      await all.start(receiver, async (attempt) => {
        if (idOf(attempt) === 'suspect') {
          suspectEntered.resolve();
          await leave.promise;
        }
        handled.push(idOf(attempt));
      });
      await all.warmUp(receiver);
      const alone = { 'x-busbar-deliveries': '3', 'x-busbar-alone': '3' };
      await all.send(queue, ['suspect'], { headers: alone });
      await all.send(queue, numbered(10));
      await suspectEntered.promise;
      await all.hasReady(queue, 10);
      expect(receiver.held).toBe(1);
      leave.resolve();
      await until(limitMs, 'all messages', () => handled.length === 13);
      await all.stop(receiver);
      expect(await all.ready(queue)).toBe(0);
    });

    test('should begin with one message, and take more when it is handled or lasts', async () => {
      await using vhost = await createVirtualHost(broker);
      await using all = await Receiving.open(vhost.url);
      const queue = await all.queue('orders', type);
      await all.send(queue, numbered(20));
      const entered: string[] = [];
      const receiver = await all.receive(
        queue,
        async (attempt) => {
          entered.push(idOf(attempt));
          await all.hang();
        },
        { concurrency: 2 },
      );
      await until(limitMs, 'the first message', () => entered.length === 1);
      expect(receiver.held).toBe(1);
      await until(
        limitMs,
        'the full prefetch',
        () => receiver.held === 1 + 6 || receiver.held === 6,
      );
      expect(entered).toEqual(['message-0', 'message-1']);
    });

    test('should hold as much as its concurrency asks for, also when that changes', async () => {
      await using vhost = await createVirtualHost(broker);
      await using all = await Receiving.open(vhost.url, { prefetchFactor: 2 });
      const queue = await all.queue('orders', type);
      let hanging = false;
      const receiver = await all.receive(queue, async () => {
        if (hanging) await all.hang();
      });
      await all.warmUp(receiver);
      hanging = true;
      await all.send(queue, numbered(60));
      await until(limitMs, 'twice the concurrency', () => receiver.held === 8);
      receiver.changeConcurrency(10);
      await until(limitMs, 'twice the new concurrency beside it', () => receiver.held === 28);
      expect(receiver.health().inFlight).toBe(10);
    });
  });

  test('should keep what it has of an ordered queue, and its turn', async () => {
    await using vhost = await createVirtualHost(broker);
    await using all = await Receiving.open(vhost.url);
    const queue = await all.orderedQueue('orders');
    const handled: string[] = [];
    const others: string[] = [];
    let broken = true;
    const receiver = await all.receive(
      queue,
      (attempt) => {
        if (broken) throw new Error('on purpose');
        handled.push(idOf(attempt));
      },
      { ordered: true, onError: () => Promise.reject(new Error('no error queue')) },
    );
    await all.receive(queue, (attempt) => void others.push(idOf(attempt)), { ordered: true });
    const ids = numbered(10);
    await all.send(queue, ids, { headers: { 'busbar-partition-key': 'one' } });
    await until(limitMs, 'the pause', () => receiver.health().paused === 'no error queue');
    broken = false;
    await until(limitMs, 'all messages', () => handled.length === 10);
    expect(handled).toEqual(ids);
    expect(others).toEqual([]);
  });
});
