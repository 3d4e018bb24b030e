import { describe, expect, test } from 'vitest';
import { within } from '../../../../test/support/rabbitmq/bounded-wait.ts';
import { brokerForTests } from '../../../../test/support/rabbitmq/broker-for-tests.ts';
import { FaultProxy } from '../../../../test/support/rabbitmq/fault-proxy.ts';
import { createVirtualHost } from '../../../../test/support/rabbitmq/virtual-host.ts';
import { RabbitMqConnection } from '../../src/rabbitmq-connection.ts';
import { checkOptions } from '../../src/rabbitmq-options.ts';
import { transportHost } from '../support/transport-host.ts';

const rabbit = await brokerForTests();
/** The core goes on without a transport that takes longer. */
const coresPatienceMs = 5_000;

rabbit.register('a connection that is closed while something is sent', (broker) => {
  describe('a connection that is closed while something is sent', () => {
    test('should not outlast the patience of the core when the broker is silent', async () => {
      await using vhost = await createVirtualHost(broker);
      const { hostname, port } = new URL(broker.url);
      await using proxy = await FaultProxy.listen({ to: Number(port), host: hostname });
      const settings = checkOptions({
        url: proxy.via(vhost.url),
        management: false,
        heartbeatSeconds: 600,
        confirmTimeoutMs: 600_000,
      });
      const connection = await RabbitMqConnection.open(settings, transportHost());
      await connection.queues.provision([{ name: 'orders' }]);
      proxy.blackHole();
      const sending = connection.dispatch([
        {
          message: { headers: { 'busbar-message-id': 'one' }, body: new Uint8Array() },
          destination: { kind: 'queue', queue: 'orders' },
        },
      ]);
      await within(coresPatienceMs, 'the end', connection.close());
      expect(await sending).toEqual([
        {
          outcome: 'unknown',
          reason: 'the connection was closed before RabbitMQ had confirmed it',
        },
      ]);
    });
  });
});
