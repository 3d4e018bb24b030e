import { expect, test } from 'vitest';
import { createVirtualHost } from '../../../../test/support/rabbitmq/virtual-host.ts';
import { onBothMajors } from './support/on-both-majors.ts';
import { type OpenTopology, openTopology } from './support/open-topology.ts';

const timeout = 60_000;

onBothMajors('provisioning', (broker) => {
  test('should make what is missing, from eight processes at once', { timeout }, async () => {
    await using vhost = await createVirtualHost(broker);
    const all: OpenTopology[] = [];
    for (let index = 0; index < 8; index += 1) all.push(await openTopology(vhost.url));
    const names = ['sales', 'sales-error', 'billing'];
    const definitions = [
      ...names.map((name) => ({ name })),
      { name: 'lanes', ordered: true },
      { name: 'replies', expiresUnusedMs: 60_000 },
    ];
    await Promise.all(
      all.map(async ({ queues, subscriptions }) => {
        await queues.provision(definitions);
        await subscriptions.subscribe('sales', ['Sales.OrderPlaced', 'Sales.OrderCancelled']);
      }),
    );
    const [{ queues, host }] = all as [OpenTopology];
    expect(await queues.missing([...names, 'lanes', 'replies', 'nowhere'])).toEqual(['nowhere']);
    expect(host.warnings).toEqual([]);
    await Promise.all(all.map((each) => each[Symbol.asyncDispose]()));
  });

  test('should make quorum queues, or classic ones when told to', { timeout }, async () => {
    await using vhost = await createVirtualHost(broker);
    await using open = await openTopology(vhost.url);
    await using classic = await openTopology(vhost.url, { queueType: 'classic' });
    await open.queues.provision([{ name: 'quorum' }, { name: 'brief', expiresUnusedMs: 500 }]);
    await classic.queues.provision([{ name: 'classic' }, { name: 'ordered', ordered: true }]);
    const same = async (name: string, more: object): Promise<void> => {
      await open.channel.assertQueue(name, { arguments: more });
    };
    // Declaring something else would be refused.
    await same('quorum', { 'x-queue-type': 'quorum' });
    await same('classic', { 'x-queue-type': 'classic' });
    await same('ordered', {
      'x-queue-type': 'quorum',
      'x-single-active-consumer': true,
      'x-delivery-limit': 100_000,
    });
    await same('brief', { 'x-queue-type': 'classic', 'x-expires': 500 });
  });

  test('should use a queue that is different, with one warning', { timeout }, async () => {
    await using vhost = await createVirtualHost(broker);
    await using open = await openTopology(vhost.url);
    await open.channel.assertQueue('sales', { arguments: { 'x-queue-type': 'classic' } });
    await open.channel.assertQueue('busbar.undeliverable', { durable: false });
    await open.queues.provision([{ name: 'sales' }]);
    await open.queues.provision([{ name: 'sales' }]);
    const differences = open.host.warnings.filter((line) => line.includes('inequivalent'));
    expect(differences).toEqual([
      expect.stringMatching(/"busbar\.undeliverable" is used as it is: .*'durable'/),
      expect.stringMatching(/"sales" is used as it is: .*'x-queue-type'/),
    ]);
  });

  test('should not lose the order of an ordered queue silently', { timeout }, async () => {
    await using vhost = await createVirtualHost(broker);
    await using open = await openTopology(vhost.url);
    const declare = (name: string, more: object): Promise<unknown> =>
      open.channel.assertQueue(name, { arguments: more });
    const sac = { 'x-single-active-consumer': true };
    await declare('plain', { 'x-queue-type': 'quorum' });
    await declare('limited', { 'x-queue-type': 'quorum', 'x-max-length': 100 });
    await declare('classic', {});
    await declare('fine', { 'x-queue-type': 'quorum', ...sac });
    await declare('fine-classic', { 'x-queue-type': 'classic', ...sac });
    await declare('fine-limited', {
      'x-queue-type': 'quorum',
      ...sac,
      'x-max-length': 100,
      'x-delivery-limit': 7,
      'x-dead-letter-exchange': 'some where',
    });
    for (const name of ['plain', 'limited', 'classic']) {
      const provisioning = open.queues.provision([{ name, ordered: true }]);
      await expect(provisioning).rejects.toThrow(
        /keep messages in order: .*x-single-active-consumer.*\[INVALID_CONFIGURATION\]/,
      );
      await open.queues.provision([{ name }]);
    }
    for (const name of ['fine', 'fine-classic', 'fine-limited']) {
      await open.queues.provision([{ name, ordered: true }]);
      expect(open.host.warnings).toContainEqual(
        expect.stringMatching(`The queue "${name}" is used as it is`),
      );
    }
  });

  test('should refuse names that no queue can have', { timeout }, async () => {
    await using vhost = await createVirtualHost(broker);
    await using open = await openTopology(vhost.url);
    for (const name of ['amq.sales', 'x'.repeat(256), '', 'busbar.delay.00']) {
      const provisioning = open.queues.provision([{ name }]);
      await expect(provisioning).rejects.toThrow(/INVALID_CONFIGURATION/);
    }
  });

  test('should remove queues with their subscriptions, and nothing else', { timeout }, async () => {
    await using vhost = await createVirtualHost(broker);
    await using open = await openTopology(vhost.url);
    await open.queues.provision([{ name: 'gone' }, { name: 'kept' }]);
    await open.subscriptions.subscribe('gone', ['Topic']);
    await open.subscriptions.subscribe('kept', ['Topic']);
    await open.publish('', 'gone', 'lost');
    await open.queues.remove(['gone', 'missing']);
    expect(await open.queues.missing(['gone', 'kept'])).toEqual(['gone']);
    await open.queues.provision([{ name: 'gone' }]);
    await open.publish('Topic', '', 'event');
    expect(await open.arrived('kept', 1)).toEqual(['event']);
    expect(await open.count('gone')).toBe(0);
  });
});
