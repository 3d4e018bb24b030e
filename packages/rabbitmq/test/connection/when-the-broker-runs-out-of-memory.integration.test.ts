import type { Message } from 'amqplib';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { until, within } from '../../../../test/support/rabbitmq/bounded-wait.ts';
import { FaultProxy } from '../../../../test/support/rabbitmq/fault-proxy.ts';
import {
  type PrivateNode,
  startPrivateNode,
} from '../../../../test/support/rabbitmq/private-node.ts';
import { programsForTests } from '../../../../test/support/rabbitmq/programs-for-tests.ts';
import { createVirtualHost } from '../../../../test/support/rabbitmq/virtual-host.ts';
import { type OpenPublisher, openPublisher } from '../support/open-publisher.ts';
import { WatchedLink, errorOf } from './support/watched-link.ts';

const rabbit = await programsForTests();
const limitMs = 90_000;
const confirmed = { outcome: 'confirmed' };

rabbit.register('a broker that runs out of memory', (programs) => {
  let node: PrivateNode;

  const alarm = (): Promise<string> => node.ctl('set_vm_memory_high_watermark', 'absolute', '1MB');
  const relief = (): Promise<string> => node.ctl('set_vm_memory_high_watermark', 'absolute', '1GB');

  beforeAll(async () => {
    node = await startPrivateNode({ programs });
  }, limitMs);
  afterAll(() => node.destroy());
  afterEach(relief, limitMs);

  /** A connection is told when it publishes. Returns what becomes of the message that it takes. */
  async function blocked({ link, send }: OpenPublisher): Promise<{ first: Promise<unknown> }> {
    const first = send('orders', 'first');
    await until(10_000, 'the publisher to be told', () => link.blockedBecause !== undefined);
    return { first };
  }

  describe('a broker that runs out of memory', () => {
    test(
      'should be waited for by what is published, up to a bound, while others consume',
      { timeout: limitMs },
      async () => {
        await using vhost = await createVirtualHost(node);
        await using open = await openPublisher(vhost.url, { maxBufferedMessages: 5 });
        await using consuming = await WatchedLink.open({ url: vhost.url });
        await open.channel.assertQueue('orders');
        await open.channel.assertQueue('filled');
        for (const id of ['one', 'two']) expect(await open.send('filled', id)).toEqual(confirmed);
        const told: (string | undefined)[] = [];
        open.link.listen({ blocked: (reason) => told.push(reason) });

        await alarm();
        const { first } = await blocked(open);
        expect(open.link.blockedBecause).toBe('low on memory');
        expect(open.host.warnings).toEqual(['RabbitMQ takes no messages']);
        const ids = ['1', '2', '3', '4', '5'];
        const kept = ids.map((id) => open.send('orders', id));
        const error = await errorOf(open.send('orders', 'beyond'), 1_000);
        expect(error.code).toBe('TRANSPORT_UNAVAILABLE');
        expect(error.message).toContain(
          'Nothing was sent: RabbitMQ takes no messages (low on memory). 5 messages wait for it already.',
        );

        const received = Promise.withResolvers<void>();
        const bodies: string[] = [];
        const channel = await consuming.session.connection.createChannel();
        await channel.consume('filled', (message) => {
          const { content } = message as Message;
          bodies.push(content.toString());
          channel.ack(message as Message);
          if (bodies.length === 2) received.resolve();
        });
        await within(10_000, 'the messages of the other queue', received.promise);
        expect(bodies).toEqual(['one', 'two']);
        expect([...consuming.told, consuming.link.blockedBecause]).toEqual(['up', undefined]);

        await relief();
        const results = await within(30_000, 'the confirms', Promise.all([first, ...kept]));
        expect(results).toEqual(Array.from({ length: 6 }, () => confirmed));
        expect(await open.drain('orders')).toEqual(['first', ...ids]);
        expect(told).toEqual(['low on memory', undefined]);
        expect(open.link.blockedBecause).toBeUndefined();
      },
    );

    test(
      'should not be waited for longer than the confirm timeout, nor be taken for dead',
      { timeout: limitMs },
      async () => {
        await using vhost = await createVirtualHost(node);
        const options = { confirmTimeoutMs: 4_000, heartbeatSeconds: 1 };
        await using open = await openPublisher(vhost.url, options);
        await open.channel.assertQueue('orders');
        let losses = 0;
        open.link.listen({ down: () => (losses += 1) });

        await alarm();
        await blocked(open);
        const error = await errorOf(open.send('orders', 'late'), 10_000);
        expect(error.code).toBe('TRANSPORT_UNAVAILABLE');
        expect(error.message).toContain(
          'Nothing was sent: It could not be sent within 4 s. RabbitMQ takes no messages (low on memory).',
        );
        expect(losses).toBe(0);
      },
    );

    test(
      'should be left at once by a connection that is closed',
      { timeout: limitMs },
      async () => {
        await using vhost = await createVirtualHost(node);
        await using watched = await WatchedLink.open({ url: vhost.url });
        const channel = await watched.session.connection.createChannel();
        await alarm();
        channel.publish('', 'nowhere', Buffer.from('x'));
        await watched.tells('blocked', 1);
        await within(2_000, 'the end', watched.link.close());
        expect(watched.told).toEqual(['up', 'blocked', 'down']);
        expect(watched.link.blockedBecause).toBeUndefined();
      },
    );

    test(
      'should get everything after a loss of the connection, too',
      { timeout: limitMs },
      async () => {
        await using vhost = await createVirtualHost(node);
        await using proxy = await FaultProxy.listen({ to: node.ports.amqp });
        await using open = await openPublisher(vhost.url, {}, proxy.via(vhost.url));
        await open.channel.assertQueue('orders');
        const told: string[] = [];
        open.link.listen({
          up: () => told.push('up'),
          down: () => told.push(`down, ${open.link.blockedBecause ?? 'not blocked'}`),
          blocked: (reason) => told.push(reason ?? 'not blocked'),
        });

        await alarm();
        const { first } = await blocked(open);
        const kept = ['1', '2', '3'].map((id) => open.send('orders', id));
        proxy.reset();
        await until(20_000, 'being told once more', () => told.length >= 6);
        const again = ['up', 'low on memory'];
        expect(told).toEqual([...again, 'not blocked', 'down, not blocked', ...again]);

        await relief();
        const results = await within(30_000, 'the confirms', Promise.all([first, ...kept]));
        expect(results).toEqual(Array.from({ length: 4 }, () => confirmed));
        expect(new Set(await open.drain('orders'))).toEqual(new Set(['first', '1', '2', '3']));
      },
    );
  });
});
