import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../../../../test/support/rabbitmq/bounded-wait.ts';
import {
  type PrivateNode,
  startPrivateNode,
} from '../../../../test/support/rabbitmq/private-node.ts';
import { programsForTests } from '../../../../test/support/rabbitmq/programs-for-tests.ts';
import { createVirtualHost } from '../../../../test/support/rabbitmq/virtual-host.ts';
import { Receiving, idOf, limitMs, queueTypes } from './support/receiving.ts';

const rabbit = await programsForTests();
const consumerTimeoutMs = 3_000;

rabbit.register('a receiver whose broker has a consumer timeout', (programs) => {
  let node: PrivateNode;

  beforeAll(async () => {
    node = await startPrivateNode({
      programs,
      conf: `consumer_timeout = ${consumerTimeoutMs}`,
      // How often it looks; a minute else.
      advanced: '[{rabbit,[{channel_tick_interval,500}]}].',
    });
  }, 90_000);
  afterAll(() => node.destroy());

  describe.for(queueTypes)('a receiver of a %s queue with a consumer timeout', (type) => {
    test('should take the message away from its handler in time', { timeout: 60_000 }, async () => {
      await using vhost = await createVirtualHost(node);
      await using all = await Receiving.open(vhost.url, { consumerTimeoutMs });
      const queue = await all.queue('orders', type);
      const reasons: string[] = [];
      const attempts: string[] = [];
      await all.receive(queue, async (attempt) => {
        const { delivery } = attempt;
        attempts.push(`${idOf(attempt)} ${delivery.deliveryCount}`);
        if (attempts.length > 1) return;
        delivery.signal.addEventListener('abort', () =>
          reasons.push(String(delivery.signal.reason)),
        );
        await all.hang();
      });
      await all.send(queue, ['slow']);
      await until(limitMs, 'the second attempt', () => attempts.length === 2);
      expect(attempts).toEqual(['slow 1', 'slow 2']);
      expect(reasons).toEqual([expect.stringContaining("RabbitMQ's consumer timeout of 3 s")]);
      // The broker would have closed the channel.
      expect(all.host.warnings).not.toContain('RabbitMQ has closed a channel');
      expect(node.log).not.toContain('timed out');
    });

    test('should give back early what waits', { timeout: 60_000 }, async () => {
      await using vhost = await createVirtualHost(node);
      await using all = await Receiving.open(vhost.url, { consumerTimeoutMs });
      const queue = await all.queue('orders', type);
      const settled: string[] = [];
      const receiver = await all.receive(
        queue,
        async (attempt) => {
          if (idOf(attempt) === 'one') await new Promise((resolve) => setTimeout(resolve, 1_900));
          settled.push(idOf(attempt));
        },
        { concurrency: 1 },
      );
      await all.send(queue, ['one', 'two', 'three']);
      await until(limitMs, 'all to be prefetched', () => receiver.held === 3);
      await until(limitMs, 'those that wait to be given back', () => {
        return all.host.warnings.join().includes('Messages were given back');
      });
      expect(settled).toEqual([]);
      await until(limitMs, 'all to be handled', () => settled.length === 3);
      expect(settled.toSorted()).toEqual(['one', 'three', 'two']);
      expect(all.host.warnings).not.toContain('RabbitMQ has closed a channel');
    });

    test(
      'should not begin what waited behind its key for too long',
      { timeout: 60_000 },
      async () => {
        await using vhost = await createVirtualHost(node);
        await using all = await Receiving.open(vhost.url, { consumerTimeoutMs });
        const queue = await all.queue('orders', type);
        const begun: string[] = [];
        const receiver = await all.receive(queue, async (attempt) => {
          begun.push(`${idOf(attempt)} ${attempt.delivery.lost}`);
          if (idOf(attempt) === 'slow') await new Promise((resolve) => setTimeout(resolve, 2_000));
        });
        await all.warmUp(receiver);
        const headers = { 'busbar-partition-key': 'one' };
        await all.send(queue, ['slow', 'behind'], { headers });
        await until(limitMs, 'all to be settled', () => receiver.health().settled === 4);
        expect(begun.slice(2)).toEqual(['slow false', 'behind false']);
        expect(all.host.warnings.join()).toContain('Messages were given back');
      },
    );
  });

  test('should keep the order of an ordered queue', { timeout: 60_000 }, async () => {
    await using vhost = await createVirtualHost(node);
    await using all = await Receiving.open(vhost.url, { consumerTimeoutMs });
    const queue = await all.orderedQueue('orders');
    const begun: string[] = [];
    await all.receive(
      queue,
      async (attempt) => {
        begun.push(idOf(attempt));
        if (begun.length === 1) await all.hang();
      },
      { ordered: true },
    );
    const headers = { 'busbar-partition-key': 'one' };
    await all.send(queue, ['one', 'two', 'three'], { headers });
    await until(limitMs, 'the first attempt', () => begun.length === 1);
    // The lost attempt keeps its key, as a handler that never ends does; another one has to do the rest.
    await using others = await Receiving.open(vhost.url, { consumerTimeoutMs });
    const rest: string[] = [];
    await others.receive(queue, (attempt) => void rest.push(idOf(attempt)), { ordered: true });
    await until(limitMs, 'the rest', () => rest.length === 3);
    expect(rest).toEqual(['one', 'two', 'three']);
    expect(begun).toEqual(['one']);
  });
});
