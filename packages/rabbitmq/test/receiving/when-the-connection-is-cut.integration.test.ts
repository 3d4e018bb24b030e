import { describe, expect, test } from 'vitest';
import { until } from '../../../../test/support/rabbitmq/bounded-wait.ts';
import { brokerForTests } from '../../../../test/support/rabbitmq/broker-for-tests.ts';
import { FaultProxy } from '../../../../test/support/rabbitmq/fault-proxy.ts';
import { createVirtualHost } from '../../../../test/support/rabbitmq/virtual-host.ts';
import { Receiving, idOf, limitMs, numbered, queueTypes } from './support/receiving.ts';

const rabbit = await brokerForTests();

rabbit.register('a receiver whose connection is cut', (broker) => {
  const proxyTo = (): Promise<FaultProxy> => {
    const { hostname, port } = new URL(broker.url);
    return FaultProxy.listen({ to: Number(port), host: hostname });
  };

  describe.for(queueTypes)('a receiver of a %s queue whose connection is cut', (type) => {
    test('should lose nothing, and repeat only what was held', { timeout: 90_000 }, async () => {
      await using vhost = await createVirtualHost(broker);
      await using proxy = await proxyTo();
      await using all = await Receiving.open(vhost.url, { url: proxy.via(vhost.url) });
      const queue = await all.queue('orders', type);
      const ids = numbered(600);
      await all.send(queue, ids);
      const times = new Map<string, number>();
      const concurrency = 4;
      await all.receive(
        queue,
        async (attempt) => {
          await new Promise((resolve) => setImmediate(resolve));
          attempt.delivery.signal.throwIfAborted();
          times.set(idOf(attempt), (times.get(idOf(attempt)) ?? 0) + 1);
        },
        { concurrency },
      );
      const cuts = [100, 200, 300, 400];
      for (const count of cuts) {
        await until(limitMs, `${count} messages`, () => times.size >= count);
        proxy.reset();
      }
      await until(limitMs, 'all messages', () => times.size === ids.length);
      await all.hasReady(queue, 0);
      const repeated = [...times.values()].filter((count) => count > 1);
      expect(repeated.length).toBeLessThanOrEqual(cuts.length * concurrency);
      expect(all.host.criticals).toEqual([]);
    });

    test(
      'should know those again whose acknowledgement was lost',
      { timeout: 90_000 },
      async () => {
        await using vhost = await createVirtualHost(broker);
        await using proxy = await proxyTo();
        await using all = await Receiving.open(vhost.url, { url: proxy.via(vhost.url) });
        const queue = await all.queue('orders', type);
        const handled: string[] = [];
        const receiver = await all.receive(queue, (attempt) => void handled.push(idOf(attempt)));
        await all.warmUp(receiver);
        proxy.pause('up');
        const ids = numbered(5);
        await all.send(queue, ids);
        await until(limitMs, 'them to be settled', () => receiver.health().settled === 7);
        proxy.reset();
        proxy.resume();
        await all.send(queue, ['after']);
        await until(limitMs, 'the message after the cut', () => handled.includes('after'));
        await all.stop(receiver);
        expect(handled).toEqual(['warm-0', 'warm-1', ...ids, 'after']);
        expect(await all.ready(queue)).toBe(0);
      },
    );

    test('should handle again what failed, or has no id', { timeout: 90_000 }, async () => {
      await using vhost = await createVirtualHost(broker);
      await using proxy = await proxyTo();
      await using all = await Receiving.open(vhost.url, { url: proxy.via(vhost.url) });
      const queue = await all.queue('orders', type);
      const seen: string[] = [];
      const receiver = await all.receive(
        queue,
        (attempt) => {
          seen.push(Buffer.from(attempt.delivery.body).toString());
          if (idOf(attempt) === 'fails') throw new Error('on purpose');
        },
        { onError: async () => ({ action: 'settle' }) },
      );
      await all.warmUp(receiver);
      proxy.pause('up');
      await all.send(queue, ['fails']);
      await all.send(queue, ['nameless'], { messageId: '' });
      await until(limitMs, 'them to be settled', () => receiver.health().settled === 4);
      proxy.reset();
      proxy.resume();
      await until(limitMs, 'both to come again', () => seen.length === 6);
      expect(seen.slice(4).toSorted()).toEqual(['fails', 'nameless']);
    });
  });

  test('should tell the handler, and say in its health what it waits for', async () => {
    await using vhost = await createVirtualHost(broker);
    await using proxy = await proxyTo();
    await using all = await Receiving.open(vhost.url, { url: proxy.via(vhost.url) });
    const queue = await all.queue('orders', 'quorum');
    const reasons: unknown[] = [];
    const receiver = await all.receive(queue, async ({ delivery }) => {
      delivery.signal.addEventListener('abort', () => reasons.push(delivery.signal.reason));
      await all.hang();
    });
    await all.send(queue, ['held']);
    await until(limitMs, 'the handler', () => receiver.health().inFlight === 1);
    proxy.refuse = true;
    proxy.reset();
    await until(limitMs, 'the signal', () => reasons.length === 1);
    expect(String(reasons[0])).toContain('the connection to RabbitMQ was lost');
    await until(limitMs, 'its health to say so', () => {
      return receiver.health().paused?.includes('The connection was lost') === true;
    });
    proxy.refuse = false;
    await until(limitMs, 'the message again', () => receiver.health().inFlight === 2);
    expect(receiver.health().paused).toBeUndefined();
  });
});
