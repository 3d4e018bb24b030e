import { type TestContext, expect, test } from 'vitest';
import {
  type VirtualHost,
  createVirtualHost,
} from '../../../../test/support/rabbitmq/virtual-host.ts';
import { type Permissions, leastPermissions } from './support/least-permissions.ts';
import { type LimitedUser, limitedUser } from './support/limited-user.ts';
import { onBothMajors } from './support/on-both-majors.ts';
import { openTopology } from './support/open-topology.ts';

const timeout = 60_000;
const noConfigure: Permissions = { configure: '^$', write: '.*', read: '.*' };

async function user(
  context: TestContext,
  vhost: VirtualHost,
  permissions: Permissions,
): Promise<LimitedUser> {
  const made = await limitedUser(vhost, permissions);
  return made ?? context.skip('users are made through the management interface');
}

onBothMajors('without the right to configure', (broker) => {
  test('should name what is missing, and the way out', { timeout }, async (context) => {
    await using vhost = await createVirtualHost(broker);
    await using limited = await user(context, vhost, noConfigure);
    await using open = await openTopology(limited.url, { directUrl: vhost.url });
    await expect(open.queues.provision([{ name: 'sales' }])).rejects.toThrow(
      /"busbar\.undeliverable", "busbar\.delay\.delivery".* more\. Run `endpoint\.provision\(\)` once as a user who may configure.*\[MISSING_QUEUE\]/,
    );
    await using all = await openTopology(vhost.url);
    await all.topology.ensureLadder();
    await expect(open.queues.provision([{ name: 'sales' }, { name: 'billing' }])).rejects.toThrow(
      /may not make them: "sales", "billing".*\[MISSING_QUEUE\]/,
    );
    await expect(open.topology.ensureExchange(['Topic'])).rejects.toThrow(
      /"Topic" does not exist, and the user may not make it/,
    );
    await expect(open.subscriptions.subscribe('sales', ['Topic'])).rejects.toThrow(
      /"busbar\.events\.sales" does not exist/,
    );
  });

  test('should do with what another user provisioned', { timeout }, async (context) => {
    await using vhost = await createVirtualHost(broker);
    await using limited = await user(context, vhost, noConfigure);
    await using open = await openTopology(limited.url, { directUrl: vhost.url });
    await using all = await openTopology(vhost.url);
    await all.queues.provision([{ name: 'sales' }]);
    await all.subscriptions.subscribe('sales', ['Topic']);
    await open.queues.provision([{ name: 'sales' }]);
    await open.subscriptions.subscribe('sales', ['Topic']);
    await open.publish(await open.topology.ensureExchange(['Topic']), '', 'event');
    expect(await open.arrived('sales', 1)).toEqual(['event']);
  });

  test('should need no more than the least permissions', { timeout }, async (context) => {
    await using vhost = await createVirtualHost(broker);
    await using all = await openTopology(vhost.url);
    await all.queues.provision([{ name: 'sales' }, { name: 'billing.eu' }, { name: 'stock' }]);
    await all.subscriptions.subscribe('stock', ['Base']);
    await all.topology.ensureExchange(['Derived', 'Base']);
    const permissions = leastPermissions(
      { receives: ['sales'], sendsTo: ['billing.eu'], publishes: ['Derived', 'Base'] },
      all.topology.settings,
    );
    await using limited = await user(context, vhost, permissions);
    await using open = await openTopology(limited.url, { directUrl: vhost.url });
    await open.publish('', 'billing.eu', 'command');
    const exchange = await open.topology.ensureExchange(['Derived', 'Base']);
    await open.publish(exchange, '', 'event');
    for (const queue of ['sales', 'billing.eu']) {
      const word = await open.topology.ensureDelay({ kind: 'queue', queue });
      const target = open.topology.delayTarget(word, 1);
      const delayed = await open.publish(target.exchange, target.routingKey, 'later');
      expect(delayed).toEqual({ outcome: 'confirmed' });
    }
    expect(open.host.warnings).toEqual([]);
    expect(await open.arrived('billing.eu', 2)).toEqual(['command', 'later']);
    expect(await open.arrived('sales', 1)).toEqual(['later']);
    expect(await open.arrived('stock', 1)).toEqual(['event']);
  });

  test('should take a binding that it may not make to be there', { timeout }, async (context) => {
    await using vhost = await createVirtualHost(broker);
    await using all = await openTopology(vhost.url);
    await all.queues.provision([{ name: 'sales' }]);
    const permissions = { configure: '^$', write: String.raw`^busbar\.delay\.\d\d$`, read: '^$' };
    await using limited = await user(context, vhost, permissions);
    await using open = await openTopology(limited.url, { directUrl: vhost.url });
    const word = await open.topology.ensureDelay({ kind: 'queue', queue: 'sales' });
    expect(open.host.warnings).toEqual([
      expect.stringMatching(/^RabbitMQ refused binding queue "sales".*which may be there/),
    ]);
    const target = open.topology.delayTarget(word, 1);
    await open.publish(target.exchange, target.routingKey, 'later');
    expect(await open.arrived('sales', 1)).toEqual(['later']);
  });
});
