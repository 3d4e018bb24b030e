import { describe, expect, test } from 'vitest';
import { until, within } from '../../../../test/support/rabbitmq/bounded-wait.ts';
import { brokerForTests } from '../../../../test/support/rabbitmq/broker-for-tests.ts';
import { FaultProxy } from '../../../../test/support/rabbitmq/fault-proxy.ts';
import { createVirtualHost } from '../../../../test/support/rabbitmq/virtual-host.ts';
import { silentServer } from './support/silent-server.ts';
import { WatchedLink, errorOf, socketOf } from './support/watched-link.ts';

const rabbit = await brokerForTests();
const closedText = /^The connection to RabbitMQ is closed\. /;
/** Far longer than any test takes. */
const patient = { connectTimeoutMs: 600_000, heartbeatSeconds: 600 };

describe('closing a connection that is being opened', () => {
  test('should end the attempt at once', async () => {
    await using server = await silentServer();
    const url = `amqp://127.0.0.1:${server.port}`;
    await using watched = new WatchedLink({ url, ...patient });
    const opening = errorOf(watched.link.open());
    await server.open(1);
    await within(2_000, 'the end', watched.link.close());
    expect((await opening).message).toMatch(closedText);
    await server.open(0);
    expect(watched.link.problem).toBe('It is closed.');
    expect(watched.told).toEqual([]);
  });

  test('should not wait for the user', async () => {
    const asked = Promise.withResolvers<void>();
    const credentials = (): Promise<never> => {
      asked.resolve();
      return new Promise(() => {});
    };
    await using watched = new WatchedLink({ url: 'amqp://127.0.0.1:1', credentials, ...patient });
    const opening = errorOf(watched.link.open());
    await within(2_000, 'the question', asked.promise);
    await within(2_000, 'the end', watched.link.close());
    expect((await opening).message).toMatch(closedText);
  });

  test('should end the waiting between two attempts', async () => {
    await using watched = new WatchedLink({ url: 'amqp://127.0.0.1:1', ...patient });
    const opening = errorOf(watched.link.open());
    await until(5_000, 'an attempt to fail', () => watched.link.problem !== 'It is not open yet.');
    await within(2_000, 'the end', watched.link.close());
    expect((await opening).message).toMatch(closedText);
  });
});

rabbit.register('closing a connection', (broker) => {
  const proxied = (): Promise<FaultProxy> => {
    const { hostname, port } = new URL(broker.url);
    return FaultProxy.listen({ to: Number(port), host: hostname });
  };

  describe('closing a connection', () => {
    test('should be told once, to be the same however often it is asked for, and be the end', async () => {
      await using vhost = await createVirtualHost(broker);
      await using watched = await WatchedLink.open({ url: vhost.url });
      const { session } = watched;
      const closing = watched.link.close();
      expect(watched.link.close()).toBe(closing);
      expect(watched.link.session).toBeUndefined();
      await closing;
      expect(socketOf(session).destroyed).toBe(true);
      expect(watched.told).toEqual(['up', 'down']);
      expect(watched.link.problem).toBe('It is closed.');
      expect((await errorOf(watched.link.whenUp(60_000))).message).toMatch(closedText);
      expect((await errorOf(watched.link.open())).message).toMatch(closedText);
      expect(watched.host.warnings).toEqual([]);
    });

    test('should not wait long for a broker that does not answer, and leave no socket', async () => {
      await using vhost = await createVirtualHost(broker);
      await using proxy = await proxied();
      await using watched = await WatchedLink.open({ url: proxy.via(vhost.url), ...patient });
      const { session } = watched;
      proxy.blackHole();
      await within(8_000, 'the end', watched.link.close());
      expect(socketOf(session).destroyed).toBe(true);
      expect(watched.told).toEqual(['up', 'down']);
    });

    test('should not wait for a broker whose connection is lost meanwhile', async () => {
      await using vhost = await createVirtualHost(broker);
      await using proxy = await proxied();
      await using watched = await WatchedLink.open({ url: proxy.via(vhost.url), ...patient });
      proxy.pause();
      const closing = watched.link.close();
      proxy.reset();
      await within(2_000, 'the end', closing);
      expect(watched.told).toEqual(['up', 'down']);
    });

    test('should end the attempts to open it again, and the waiting for it', async () => {
      await using vhost = await createVirtualHost(broker);
      await using proxy = await proxied();
      await using server = await silentServer();
      const url = [
        proxy.via(vhost.url),
        proxy.via(vhost.url).replace(/:\d+\//, `:${server.port}/`),
      ];
      await using watched = await WatchedLink.open({ url, ...patient });
      await proxy.close();
      await watched.tells('down', 1);
      const waiting = errorOf(watched.link.whenUp(60_000));
      await server.open(1);
      await within(2_000, 'the end', watched.link.close());
      expect((await waiting).message).toMatch(closedText);
      await server.open(0);
      expect(watched.told).toEqual(['up', 'down']);
    });

    test('should be allowed to who is told of a loss', async () => {
      await using vhost = await createVirtualHost(broker);
      await using proxy = await proxied();
      await using watched = await WatchedLink.open({ url: proxy.via(vhost.url) });
      let closing: Promise<void> | undefined;
      watched.link.listen({
        down: () => {
          closing = watched.link.close();
        },
      });
      proxy.reset();
      await watched.tells('down', 1);
      await within(2_000, 'the end', closing ?? Promise.reject(new Error('It was not told')));
      expect(watched.told).toEqual(['up', 'down']);
      expect(proxy.accepted).toBe(1);
    });
  });

  describe('a listener', () => {
    test('should disturb nobody when it throws', async () => {
      await using vhost = await createVirtualHost(broker);
      await using proxy = await proxied();
      await using watched = new WatchedLink({ url: proxy.via(vhost.url) });
      const fail = (): never => {
        throw new Error('a listener that throws');
      };
      watched.link.listen({ up: fail, down: fail, blocked: fail });
      const later: string[] = [];
      watched.link.listen({ up: () => later.push('up'), down: () => later.push('down') });
      await watched.link.open();
      watched.link.listen({ up: fail });
      proxy.reset();
      await watched.tells('up', 2);
      await watched.works();
      expect(later).toEqual(['up', 'down', 'up']);
      expect(proxy.accepted).toBe(2);
      const complaint = 'A listener of the connection to RabbitMQ threw';
      expect(watched.host.warnings.filter((text) => text === complaint)).toHaveLength(5);
    });

    test('should be told of a session once when it comes in the middle, and nothing when it has left', async () => {
      await using vhost = await createVirtualHost(broker);
      await using watched = new WatchedLink({ url: vhost.url });
      const told: string[] = [];
      let leave = (): void => {};
      watched.link.listen({
        up: () => {
          watched.link.listen({ up: () => told.push('who came meanwhile') });
          leave();
        },
      });
      leave = watched.link.listen({ up: () => told.push('who has left') });
      await watched.link.open();
      expect(told).toEqual(['who came meanwhile']);
    });
  });
});
