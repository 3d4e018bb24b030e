import { BusbarError } from '@busbar/core';
import { describe, expect, test } from 'vitest';
import { until } from '../../../../test/support/rabbitmq/bounded-wait.ts';
import { brokerForTests } from '../../../../test/support/rabbitmq/broker-for-tests.ts';
import { createVirtualHost } from '../../../../test/support/rabbitmq/virtual-host.ts';
import { Receiving, idOf, limitMs, queueTypes } from './support/receiving.ts';

const rabbit = await brokerForTests();

rabbit.register('a receiver whose queue or channel goes away', (broker) => {
  describe.for(queueTypes)('a receiver of a %s queue', (type) => {
    test('should say that the queue was removed, and go on when it is back', async () => {
      await using vhost = await createVirtualHost(broker);
      await using all = await Receiving.open(vhost.url);
      const queue = await all.queue('orders', type);
      const handled: string[] = [];
      const lost: boolean[] = [];
      const receiver = await all.receive(queue, async (attempt) => {
        handled.push(idOf(attempt));
        if (idOf(attempt) !== 'held') return;
        const { delivery } = attempt;
        await new Promise<void>((resolve) => {
          delivery.signal.addEventListener('abort', () => resolve());
        });
        lost.push(delivery.lost);
      });
      await all.send(queue, ['held']);
      await until(limitMs, 'the handler', () => handled.length === 1);
      await all.direct.deleteQueue(queue);
      await until(limitMs, 'the critical error', () => all.host.criticals.length === 1);
      expect(all.host.criticals[0]).toMatchObject({ code: 'MISSING_QUEUE' });
      expect(receiver.health().paused).toBe('the queue was removed');
      expect(lost).toEqual([true]);
      await all.queue('orders', type);
      await all.send(queue, ['again']);
      await until(limitMs, 'the message', () => handled.length === 2);
      expect(handled).toEqual(['held', 'again']);
      expect(receiver.health().paused).toBeUndefined();
      expect(all.host.criticals).toHaveLength(1);
      await all.direct.deleteQueue(queue);
      await until(limitMs, 'the second critical error', () => all.host.criticals.length === 2);
    });

    test('should take up again what the broker closed the channel over', async () => {
      await using vhost = await createVirtualHost(broker);
      await using all = await Receiving.open(vhost.url);
      const queue = await all.queue('orders', type);
      const reasons: string[] = [];
      let attempts = 0;
      const receiver = await all.receive(queue, async ({ delivery }) => {
        attempts += 1;
        if (attempts > 1) return;
        delivery.signal.addEventListener('abort', () =>
          reasons.push(String(delivery.signal.reason)),
        );
        await all.hang();
      });
      await all.send(queue, ['held']);
      await until(limitMs, 'the handler', () => attempts === 1);
      for (const channel of all.channels) channel.publish('no-such-exchange', '', Buffer.from(''));
      await until(limitMs, 'the second attempt', () => attempts === 2);
      expect(reasons).toEqual([expect.stringContaining('DELIVERY_LOST')]);
      expect(all.host.criticals).toEqual([]);
      expect(all.host.warnings).toContain('RabbitMQ has closed a channel');
      await until(limitMs, 'the settlement', () => receiver.health().settled === 1);
    });

    test('should not start without the queue, and be able to try again', async () => {
      await using vhost = await createVirtualHost(broker);
      await using all = await Receiving.open(vhost.url);
      const receiver = all.receiver('orders');
      const failed = await all.start(receiver, () => {}).catch((error: unknown) => error);
      expect(failed).toMatchObject({ code: 'MISSING_QUEUE' });
      expect((failed as BusbarError).message).toContain('"orders"');
      expect(receiver.health().receiving).toBe(false);
      const queue = await all.queue('orders', type);
      const handled: string[] = [];
      await all.start(receiver, (attempt) => void handled.push(idOf(attempt)));
      await all.send(queue, ['first']);
      await until(limitMs, 'the message', () => handled.length === 1);
      expect(all.host.criticals).toEqual([]);
    });
  });

  test('should name the queue that belongs to another connection', async () => {
    await using vhost = await createVirtualHost(broker);
    await using all = await Receiving.open(vhost.url);
    await all.direct.assertQueue('mine', { exclusive: true, durable: false });
    const failed = await all.start(all.receiver('mine'), () => {}).catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: 'INVALID_CONFIGURATION' });
    expect((failed as BusbarError).message).toContain(
      'The queue "mine" belongs to another connection',
    );
  });

  test('should name the queue that somebody has for himself', async () => {
    await using vhost = await createVirtualHost(broker);
    await using all = await Receiving.open(vhost.url);
    const queue = await all.queue('taken', 'classic');
    await all.direct.consume(queue, () => {}, { exclusive: true });
    const failed = await all.start(all.receiver(queue), () => {}).catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: 'INVALID_CONFIGURATION' });
    expect((failed as BusbarError).message).toContain('receive from the queue "taken"');
  });

  test('should refuse a second start, and end a start when it is stopped', async () => {
    await using vhost = await createVirtualHost(broker);
    await using all = await Receiving.open(vhost.url);
    const queue = await all.queue('orders', 'quorum');
    const receiver = await all.receive(queue, () => {});
    const second = await all.start(receiver, () => {}).catch((error: unknown) => error);
    expect(second).toMatchObject({ code: 'ALREADY_STARTED' });
    await all.stop(receiver);
    const starting = all.start(receiver, () => {}).catch((error: unknown) => error);
    await all.stop(receiver);
    expect(await starting).toMatchObject({ code: 'STOPPED' });
    await all.start(receiver, () => {});
    await all.stop(receiver);
    expect(receiver.held).toBe(0);
  });
});
