import { type Broker } from '../../../../test/support/rabbitmq/broker.ts';
import { type TestContext, expect, test } from 'vitest';
import { until } from '../../../../test/support/rabbitmq/bounded-wait.ts';
import {
  type VirtualHost,
  createVirtualHost,
} from '../../../../test/support/rabbitmq/virtual-host.ts';
import { limitedUser } from './support/limited-user.ts';
import { onBothMajors } from './support/on-both-majors.ts';
import { type OpenTopology, limitMs, openTopology } from './support/open-topology.ts';

const timeout = 60_000;

function managed(context: TestContext, { managementUrl }: Broker): string {
  return managementUrl ?? context.skip('the broker has no management interface');
}

async function policies(vhost: VirtualHost): Promise<readonly { name: string; pattern: string }[]> {
  const all = await vhost.management?.get(`/policies/${encodeURIComponent(vhost.name)}`);
  return all as { name: string; pattern: string }[];
}

/** Has a queue's only message delivered and given back, as a consumer that crashes does. */
async function deliverOften(
  { channel, count }: OpenTopology,
  queue: string,
  times: number,
): Promise<void> {
  for (let time = 0; time < times; time += 1) {
    await until(limitMs, `delivery ${time} of ${times}`, async () => {
      const message = await channel.get(queue);
      if (message === false) return (await count('busbar.undeliverable')) > 0;
      channel.nack(message, false, true);
      return true;
    });
  }
}

onBothMajors('with the management interface', (broker) => {
  test('should set a policy for each quorum queue', { timeout }, async (context) => {
    const management = managed(context, broker);
    await using vhost = await createVirtualHost(broker);
    await using open = await openTopology(vhost.url, { management });
    const definitions = [{ name: 'sales.eu' }, { name: 'replies', expiresUnusedMs: 60_000 }];
    await open.queues.provision(definitions);
    await open.queues.provision(definitions);
    expect(await policies(vhost)).toEqual([
      expect.objectContaining({ name: 'busbar.busbar.undeliverable', priority: -1 }),
      expect.objectContaining({ name: 'busbar.sales.eu', pattern: String.raw`^sales\.eu$` }),
    ]);
    expect(open.host.warnings).toEqual([]);
    await open.publish('', 'sales.eu', 'often');
    await deliverOften(open, 'sales.eu', 40);
    expect(await open.arrived('sales.eu', 1)).toEqual(['often']);
    await open.queues.remove(['sales.eu']);
    expect(await policies(vhost)).toHaveLength(1);
  });

  test('should keep what reaches a limit', { timeout }, async (context) => {
    const management = managed(context, broker);
    await using vhost = await createVirtualHost(broker);
    await using open = await openTopology(vhost.url, { management });
    await open.queues.provision([{ name: 'sales' }]);
    // Ours with a limit that can be reached in a test.
    const [ours] = (await policies(vhost)).filter(({ name }) => name === 'busbar.sales');
    const { definition } = ours as unknown as { definition: object };
    await vhost.management?.put(`/policies/${encodeURIComponent(vhost.name)}/busbar.sales`, {
      ...ours,
      definition: { ...definition, 'delivery-limit': 3 },
    });
    await open.publish('', 'sales', 'cursed');
    await deliverOften(open, 'sales', 5);
    expect(await open.arrived('busbar.undeliverable', 1)).toEqual(['cursed']);
  });

  test(
    'should leave the policy of an operator, and warn of a small limit',
    { timeout },
    async (context) => {
      const management = managed(context, broker);
      await using vhost = await createVirtualHost(broker);
      await using open = await openTopology(vhost.url, { management });
      const path = `/policies/${encodeURIComponent(vhost.name)}`;
      const of = (name: string, limit: number): Promise<unknown> =>
        vhost.management!.put(`${path}/${name}`, {
          pattern: `^${name}$`,
          definition: { 'delivery-limit': limit },
        });
      await of('small', 5);
      await of('large', 5_000);
      await open.queues.provision([{ name: 'small' }, { name: 'large' }]);
      expect((await policies(vhost)).map(({ name }) => name).toSorted()).toEqual([
        'busbar.busbar.undeliverable',
        'large',
        'small',
      ]);
      expect(open.host.warnings).toEqual([
        expect.stringMatching(/out of "small" after 5 deliveries: give its policy "small"/),
      ]);
      // Looked at more often than the limit allows.
      await open.publish('', 'small', 'one');
      for (let round = 0; round < 12; round += 1)
        expect(await open.queues.peek('small', 1)).toHaveLength(1);
    },
  );

  test('should know an ordered queue', { timeout }, async (context) => {
    const management = managed(context, broker);
    await using vhost = await createVirtualHost(broker);
    await using open = await openTopology(vhost.url, { management });
    await open.queues.provision([{ name: 'lanes', ordered: true }]);
    await open.publish('', 'lanes', 'one');
    await expect(open.queues.peek('lanes', 1)).rejects.toThrow(/"lanes" is ordered/);
    expect((await open.channel.checkQueue('lanes')).messageCount).toBe(1);
  });

  test('should print the command where it may not set a policy', { timeout }, async (context) => {
    const management = managed(context, broker);
    await using vhost = await createVirtualHost(broker);
    const all = { configure: '.*', write: '.*', read: '.*' };
    await using limited = await limitedUser(vhost, all, 'management');
    await using open = await openTopology(limited!.url, { management: new URL(management).origin });
    await open.queues.provision([{ name: 'sales' }]);
    await open.queues.provision([{ name: 'sales' }]);
    const lines = broker.version.startsWith('3.') ? open.host.infos : open.host.warnings;
    const printed = lines.filter((line) => line.includes('set_policy'));
    expect(printed).toEqual([
      expect.stringMatching(
        /the user may not ask it for that.*run: rabbitmqctl set_policy .*'\^sales\$'/,
      ),
    ]);
    expect(printed.join('\n')).not.toContain('p@ss');
    expect(await policies(vhost)).toEqual([]);
  });

  test('should list all queues, with what others hold', { timeout }, async (context) => {
    const management = managed(context, broker);
    await using vhost = await createVirtualHost(broker);
    await using open = await openTopology(vhost.url, { management });
    await using other = await openTopology(vhost.url);
    await other.queues.provision([{ name: 'foreign' }]);
    await open.queues.provision([{ name: 'own' }]);
    for (const id of ['one', 'two', 'three']) await open.publish('', 'own', id);
    await open.publish('', 'foreign', 'one');
    await other.channel.get('own');
    const word = await open.topology.ensureDelay({ kind: 'queue', queue: 'own' });
    const target = open.topology.delayTarget(word, 600);
    await open.publish(target.exchange, target.routingKey, 'later');
    const none = { ready: 0, delayed: 0, inFlight: 0 };
    expect((await open.queues.list()).find(({ name }) => name === 'own')).toMatchObject({
      ready: 2,
    });
    await until(limitMs, 'the statistics to be up to date', async () => {
      const listed = await open.queues.list();
      return (
        listed.length === 4 && listed.some(({ name, inFlight }) => name === 'own' && inFlight === 1)
      );
    });
    expect(await open.queues.list()).toEqual([
      { name: 'busbar.delay.09', ...none, delayed: 1 },
      { name: 'busbar.undeliverable', ...none },
      { name: 'foreign', ...none, ready: 1 },
      { name: 'own', ...none, ready: 2, inFlight: 1 },
    ]);
  });

  test('should do without where there is none', { timeout }, async () => {
    await using vhost = await createVirtualHost(broker);
    await using open = await openTopology(vhost.url, { management: 'http://127.0.0.1:9' });
    await open.queues.provision([{ name: 'sales' }]);
    const lines = broker.version.startsWith('3.') ? open.host.infos : open.host.warnings;
    expect(lines).toContainEqual(
      expect.stringMatching(/127\.0\.0\.1:9: .*ECONNREFUSED.*'\^sales\$'/),
    );
    expect((await open.queues.list()).map(({ name }) => name)).toEqual([
      'busbar.undeliverable',
      'sales',
    ]);
  });
});
