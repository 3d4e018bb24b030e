import { type Clock, systemClock } from '@busbar/core';
import { expect, test } from 'vitest';
import { until, within } from '../../../../test/support/rabbitmq/bounded-wait.ts';
import type { Broker } from '../../../../test/support/rabbitmq/broker.ts';
import { brokerForTests } from '../../../../test/support/rabbitmq/broker-for-tests.ts';
import { FaultProxy } from '../../../../test/support/rabbitmq/fault-proxy.ts';
import { createVirtualHost } from '../../../../test/support/rabbitmq/virtual-host.ts';
import { limitMs, openTopology } from './support/open-topology.ts';

const timeout = 60_000;
const rabbit = await brokerForTests();

/** Its timers come early, so that nobody waits for real limits. */
const hasty: Clock = {
  now: () => systemClock.now(),
  monotonic: () => systemClock.monotonic(),
  setTimer: (action, delayMs, keepAlive) => systemClock.setTimer(action, delayMs / 20, keepAlive),
};

function proxyTo({ url }: Broker): Promise<FaultProxy> {
  const { hostname, port } = new URL(url);
  return FaultProxy.listen({ to: Number(port), host: hostname });
}

rabbit.register('the topology when the network fails', (broker) => {
  test('should end what the broker does not answer', { timeout }, async () => {
    await using vhost = await createVirtualHost(broker);
    await using proxy = await proxyTo(broker);
    const options = { directUrl: vhost.url, clock: hasty };
    await using open = await openTopology(proxy.via(vhost.url), options);
    await open.queues.provision([{ name: 'orders' }]);
    await open.publish('', 'orders', 'one');
    const destination = { kind: 'queue', queue: 'orders' } as const;
    open.topology.forget();
    proxy.pause('down');
    const silent = Promise.allSettled([
      open.queues.peek('orders', 1),
      open.topology.ensureDelay(destination),
      open.queues.missing(['orders']),
    ]);
    for (const result of await within(limitMs, 'errors', silent)) {
      expect(result).toMatchObject({
        status: 'rejected',
        reason: { code: 'TRANSPORT_UNAVAILABLE' },
      });
    }
    proxy.resume();
    expect(await open.topology.ensureDelay(destination)).toBe('queue.orders');
    expect(await open.queues.peek('orders', 1)).toHaveLength(1);
  });

  test('should be tried again by the next who needs it', { timeout }, async () => {
    await using vhost = await createVirtualHost(broker);
    await using proxy = await proxyTo(broker);
    await using open = await openTopology(proxy.via(vhost.url), { directUrl: vhost.url });
    await open.channel.assertQueue('orders');
    const destination = { kind: 'queue', queue: 'orders' } as const;
    proxy.latencyMs = 10;
    const cut = open.topology.ensureDelay(destination);
    const event = open.topology.ensureExchange(['Derived', 'Base']);
    proxy.reset();
    await expect(cut).rejects.toMatchObject({ code: 'TRANSPORT_UNAVAILABLE' });
    await Promise.allSettled([event]);
    proxy.latencyMs = 0;
    expect(await open.topology.ensureDelay(destination)).toBe('queue.orders');
    expect(await open.topology.ensureExchange(['Derived', 'Base'])).toBe('Derived');
  });

  test('should give back what was looked at when the connection is lost', { timeout }, async () => {
    await using vhost = await createVirtualHost(broker);
    await using proxy = await proxyTo(broker);
    const options = { directUrl: vhost.url };
    await using open = await openTopology(proxy.via(vhost.url), options);
    await open.channel.assertQueue('orders', { arguments: { 'x-queue-type': 'quorum' } });
    await open.publish('', 'orders', 'one');
    proxy.latencyMs = 200;
    const looking = open.queues.peek('orders', 10);
    await until(limitMs, 'the look', async () => (await open.count('orders')) === 0);
    proxy.reset();
    await expect(looking).rejects.toMatchObject({ code: 'TRANSPORT_UNAVAILABLE' });
    expect(await open.arrived('orders', 1)).toEqual(['one']);
  });
});
