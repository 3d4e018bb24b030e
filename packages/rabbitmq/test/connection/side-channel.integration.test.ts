import type { Channel } from 'amqplib';
import { describe, expect, test } from 'vitest';
import { until, within } from '../../../../test/support/rabbitmq/bounded-wait.ts';
import { brokerForTests } from '../../../../test/support/rabbitmq/broker-for-tests.ts';
import { FaultProxy } from '../../../../test/support/rabbitmq/fault-proxy.ts';
import { createVirtualHost } from '../../../../test/support/rabbitmq/virtual-host.ts';
import { isReply } from '../../src/connection/amqp-error.ts';
import type { Session } from '../../src/connection/link.ts';
import { SideChannel } from '../../src/connection/side-channel.ts';
import { WatchedLink, errorOf } from './support/watched-link.ts';

const rabbit = await brokerForTests();

/** How many channels the client has, its connection's own not counted. */
function channelsOf({ connection }: Session): number {
  const { channels } = connection.connection as unknown as { readonly channels: unknown[] };
  return channels.filter((channel) => channel !== null).length - 1;
}

rabbit.register('the side channel', (broker) => {
  const proxied = (): Promise<FaultProxy> => {
    const { hostname, port } = new URL(broker.url);
    return FaultProxy.listen({ to: Number(port), host: hostname });
  };
  const sideOf = ({ link, host }: WatchedLink, timeoutMs = 10_000): SideChannel =>
    new SideChannel(link, host.clock, timeoutMs);
  const anything = (channel: Channel): Promise<unknown> => channel.checkExchange('amq.topic');

  describe('the side channel', () => {
    test('should hand on what the broker refuses, and be there for the next', async () => {
      await using vhost = await createVirtualHost(broker);
      await using watched = await WatchedLink.open({ url: vhost.url });
      const side = sideOf(watched);
      const looking = side.run('looking for it', (channel) => channel.checkQueue('missing'));
      const error = await looking.catch((refusal: unknown) => refusal);
      expect(isReply(error, 'notFound')).toBe(true);
      await side.run('looking again', anything);
      expect(watched.told).toEqual(['up']);
      expect(channelsOf(watched.session)).toBe(1);
    });

    test('should do one piece of work at a time, in order', async () => {
      await using vhost = await createVirtualHost(broker);
      await using watched = await WatchedLink.open({ url: vhost.url });
      const side = sideOf(watched);
      const steps: string[] = [];
      const work = (name: string) => async (channel: Channel) => {
        steps.push(`${name} begins`);
        await anything(channel);
        steps.push(`${name} ends`);
        return name;
      };
      const results = await Promise.all([side.run('a', work('a')), side.run('b', work('b'))]);
      expect(results).toEqual(['a', 'b']);
      expect(steps).toEqual(['a begins', 'a ends', 'b begins', 'b ends']);
    });

    test('should give up what gets no answer', async () => {
      await using vhost = await createVirtualHost(broker);
      await using proxy = await proxied();
      await using watched = await WatchedLink.open({ url: proxy.via(vhost.url) });
      const side = sideOf(watched, 500);
      await side.run('looking', anything);
      proxy.pause('down');
      const error = await errorOf(side.run('looking again', anything), 5_000);
      expect(error.message).toMatch(
        /^RabbitMQ gave no answer within 0\.5 s when looking again\. Check .*\[TRANSPORT_UNAVAILABLE\]$/,
      );
      proxy.resume();
      await side.run('looking once more', anything);
      await until(5_000, 'the other channel to be closed', () => channelsOf(watched.session) === 1);
    });

    test('should not begin late what was given up before its channel was open', async () => {
      await using vhost = await createVirtualHost(broker);
      await using proxy = await proxied();
      await using watched = await WatchedLink.open({ url: proxy.via(vhost.url) });
      const side = sideOf(watched, 500);
      let begun = 0;
      proxy.pause('down');
      const late = side.run('looking', (channel) => {
        begun += 1;
        return anything(channel);
      });
      await errorOf(late, 5_000);
      proxy.resume();
      await side.run('looking again', anything);
      await until(5_000, 'the other channel to be closed', () => channelsOf(watched.session) === 1);
      expect(begun).toBe(0);
    });

    test('should name the work during which the connection was lost, and go on with the next', async () => {
      await using vhost = await createVirtualHost(broker);
      await using proxy = await proxied();
      await using watched = await WatchedLink.open({ url: proxy.via(vhost.url) });
      const side = sideOf(watched);
      const lost = side.run('looking', async (channel) => {
        proxy.reset();
        await anything(channel);
      });
      const error = await errorOf(lost, 5_000);
      expect(error.message).toMatch(/^The connection to RabbitMQ was lost when looking\. Check /);
      await side.run('looking again', anything);
      await watched.tells('up', 2);
    });

    test('should say the same when the connection is lost before the channel is open', async () => {
      await using vhost = await createVirtualHost(broker);
      await using proxy = await proxied();
      await using watched = await WatchedLink.open({ url: proxy.via(vhost.url) });
      const side = sideOf(watched);
      proxy.pause('down');
      const lost = side.run('looking', anything);
      proxy.reset();
      const error = await errorOf(lost, 5_000);
      expect(error.message).toMatch(/^The connection to RabbitMQ was lost when looking\. Check /);
      proxy.resume();
      await side.run('looking again', anything);
    });

    test('should wait for the broker, and fail all that waited too long at the same time', async () => {
      await using vhost = await createVirtualHost(broker);
      await using proxy = await proxied();
      await using watched = await WatchedLink.open({ url: proxy.via(vhost.url) });
      const patient = sideOf(watched);
      const impatient = sideOf(watched, 1_000);
      await proxy.close();
      await watched.tells('down', 1);
      const kept = patient.run('looking', anything);
      const given = Array.from({ length: 5 }, () => errorOf(impatient.run('looking', anything)));
      // One after the other they would take 5 s.
      const errors = await within(3_000, 'five errors', Promise.all(given));
      for (const error of errors) {
        expect(error.message).toMatch(/^RabbitMQ has been away for \d+(\.\d)? s: amqp:/);
      }
      await proxy.reopen();
      await within(10_000, 'the kept one', kept);
    });

    test('should reject what comes after the end', async () => {
      await using vhost = await createVirtualHost(broker);
      await using watched = await WatchedLink.open({ url: vhost.url });
      const side = sideOf(watched);
      await side.run('looking', anything);
      await watched.link.close();
      const error = await errorOf(side.run('looking again', anything));
      expect(error.message).toMatch(/^The connection to RabbitMQ is closed\. /);
    });
  });
});
