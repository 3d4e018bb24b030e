import { expect, test } from 'vitest';
import { createVirtualHost } from '../../../../test/support/rabbitmq/virtual-host.ts';
import { onBothMajors } from './support/on-both-majors.ts';
import { openTopology } from './support/open-topology.ts';

const timeout = 60_000;

onBothMajors('subscriptions', (broker) => {
  const { managementUrl: management = false } = broker;

  test('should give one copy of a derived event to each queue', { timeout }, async () => {
    await using vhost = await createVirtualHost(broker);
    await using open = await openTopology(vhost.url);
    for (const name of ['all', 'base', 'derived', 'other']) await open.channel.assertQueue(name);
    await open.subscriptions.subscribe('all', ['Derived', 'Middle', 'Base']);
    await open.subscriptions.subscribe('base', ['Base']);
    await open.subscriptions.subscribe('derived', ['Derived', 'Derived']);
    await open.subscriptions.subscribe('other', ['Other']);
    const chain = ['Derived', 'Middle', 'Base'];
    expect(open.topology.readyExchange(chain)).toBeUndefined();
    const exchange = await open.topology.ensureExchange(chain);
    expect(exchange).toBe('Derived');
    expect(open.topology.readyExchange([...chain])).toBe('Derived');
    await open.publish(exchange, '', 'one');
    await open.publish(await open.topology.ensureExchange(['Base']), '', 'two');
    expect(await open.arrived('all', 2)).toEqual(['one', 'two']);
    expect(await open.arrived('base', 2)).toEqual(['one', 'two']);
    expect(await open.arrived('derived', 1)).toEqual(['one']);
    expect(await open.count('other')).toBe(0);
  });

  test('should end, and not mind having ended', { timeout }, async () => {
    await using vhost = await createVirtualHost(broker);
    await using open = await openTopology(vhost.url);
    for (const name of ['staying', 'leaving']) await open.channel.assertQueue(name);
    await open.subscriptions.subscribe('staying', ['Topic']);
    await open.subscriptions.subscribe('leaving', ['Topic']);
    await open.subscriptions.unsubscribe('leaving', ['Topic', 'Unheard']);
    await open.subscriptions.unsubscribe('leaving', ['Topic']);
    await open.subscriptions.unsubscribe('nobody', ['Topic']);
    await open.publish('Topic', '', 'one');
    expect(await open.arrived('staying', 1)).toEqual(['one']);
    expect(await open.count('leaving')).toBe(0);
  });

  test(
    'should be listed through the management interface, else not at all',
    { timeout },
    async () => {
      await using vhost = await createVirtualHost(broker);
      await using open = await openTopology(vhost.url, { management });
      await open.channel.assertQueue('orders');
      expect(await open.subscriptions.list('orders')).toEqual(
        management === false ? undefined : [],
      );
      await open.subscriptions.subscribe('orders', ['One', 'Two', 'Three']);
      await open.subscriptions.unsubscribe('orders', ['Two']);
      const listed = management === false ? undefined : ['One', 'Three'];
      expect(await open.subscriptions.list('orders')).toEqual(listed);
      await using without = await openTopology(vhost.url, { management: 'http://localhost:9' });
      expect(await without.subscriptions.list('orders')).toBeUndefined();
    },
  );

  test('should need the queue', { timeout }, async () => {
    await using vhost = await createVirtualHost(broker);
    await using open = await openTopology(vhost.url);
    const subscribing = open.subscriptions.subscribe('missing', ['Topic']);
    await expect(subscribing).rejects.toThrow(/"missing".*\[MISSING_QUEUE\]/);
  });

  test('should use an exchange that is different, with a warning', { timeout }, async () => {
    await using vhost = await createVirtualHost(broker);
    await using open = await openTopology(vhost.url);
    await open.channel.assertExchange('Topic', 'fanout', { durable: false });
    await open.channel.assertQueue('orders');
    await open.subscriptions.subscribe('orders', ['Topic']);
    await open.topology.ensureExchange(['Topic']);
    expect(open.host.warnings).toEqual([
      expect.stringMatching(/"Topic".*inequivalent arg 'durable'/),
    ]);
    await open.publish('Topic', '', 'one');
    expect(await open.arrived('orders', 1)).toEqual(['one']);
  });

  test("should refuse names that are the broker's own", { timeout }, async () => {
    await using vhost = await createVirtualHost(broker);
    await using open = await openTopology(vhost.url);
    await open.channel.assertQueue('orders');
    for (const topic of ['amq.fanout', 'x'.repeat(256), 'busbar.events.orders']) {
      await expect(open.topology.ensureExchange([topic])).rejects.toThrow(/INVALID_CONFIGURATION/);
      await expect(open.subscriptions.subscribe('orders', [topic])).rejects.toThrow(
        /INVALID_CONFIGURATION/,
      );
    }
  });
});
