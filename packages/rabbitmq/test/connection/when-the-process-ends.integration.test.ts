import { describe, expect, test } from 'vitest';
import { brokerForTests } from '../../../../test/support/rabbitmq/broker-for-tests.ts';
import { FaultProxy } from '../../../../test/support/rabbitmq/fault-proxy.ts';
import { createVirtualHost } from '../../../../test/support/rabbitmq/virtual-host.ts';
import { Child } from './support/child.ts';
import { silentServer } from './support/silent-server.ts';

const rabbit = await brokerForTests();
/** From the close on. What is left behind would keep the process for a minute and more. */
const soonMs = 10_000;
const limitMs = 60_000;
const options = { heartbeatSeconds: 60 };

describe('a process whose connection could not be opened', () => {
  test('should end by itself', { timeout: limitMs }, async () => {
    await using server = await silentServer();
    const url = `amqp://127.0.0.1:${server.port}`;
    using child = new Child(url, { ...options, connectTimeoutMs: 300 }, 'stay');
    expect(await child.exits(30_000)).toBe(0);
    expect(child.lines).toEqual(['TRANSPORT_UNAVAILABLE', 'exit']);
  });
});

rabbit.register('a process with a connection', (broker) => {
  const proxied = (): Promise<FaultProxy> => {
    const { hostname, port } = new URL(broker.url);
    return FaultProxy.listen({ to: Number(port), host: hostname });
  };

  describe('a process with a connection', () => {
    test('should end by itself when that is closed', { timeout: limitMs }, async () => {
      await using vhost = await createVirtualHost(broker);
      using child = new Child(vhost.url, options, 'close');
      await child.says('up');
      child.close();
      expect(await child.exits(soonMs)).toBe(0);
      expect(child.lines).toEqual(['up', 'down', 'closed', 'exit']);
    });

    test(
      'should end by itself when that is closed and the broker does not answer',
      { timeout: limitMs },
      async () => {
        await using vhost = await createVirtualHost(broker);
        await using proxy = await proxied();
        using child = new Child(proxy.via(vhost.url), options, 'close');
        await child.says('up');
        proxy.blackHole();
        child.close();
        expect(await child.exits(soonMs)).toBe(0);
        expect(child.lines).toEqual(['up', 'down', 'closed', 'exit']);
      },
    );

    test(
      'should end by itself when that is closed while it is opened again',
      { timeout: limitMs },
      async () => {
        await using vhost = await createVirtualHost(broker);
        await using proxy = await proxied();
        using child = new Child(proxy.via(vhost.url), options, 'close');
        await child.says('up');
        proxy.reset();
        proxy.blackHole();
        await proxy.connected(2);
        child.close();
        expect(await child.exits(soonMs)).toBe(0);
        expect(child.lines).toEqual(['up', 'down', 'closed', 'exit']);
      },
    );

    test('should be kept alive by it, through an outage, too', { timeout: limitMs }, async () => {
      await using vhost = await createVirtualHost(broker);
      await using proxy = await proxied();
      using child = new Child(proxy.via(vhost.url), options, 'stay');
      await child.says('up');
      await proxy.close();
      await child.says('down');
      await proxy.reopen();
      await child.says('up', 2);
      proxy.reset();
      await child.says('up', 3);
      expect(child.lines).toEqual(['up', 'down', 'up', 'down', 'up']);
    });
  });
});
