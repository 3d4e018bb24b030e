import { expect, test } from 'vitest';
import { createVirtualHost } from '../../../../test/support/rabbitmq/virtual-host.ts';
import { onBothMajors } from './support/on-both-majors.ts';
import { type OpenTopology, openTopology } from './support/open-topology.ts';

const timeout = 60_000;

async function delay(
  open: OpenTopology,
  queue: string,
  seconds: number,
  id: string,
): Promise<void> {
  const word = await open.topology.ensureDelay({ kind: 'queue', queue });
  const { exchange, routingKey } = open.topology.delayTarget(word, seconds);
  const result = await open.publish(exchange, routingKey, id, { mandatory: true });
  expect(result).toEqual({ outcome: 'confirmed' });
}

onBothMajors('the delay ladder', (broker) => {
  test('should deliver after one, two and three seconds, not before', { timeout }, async () => {
    await using vhost = await createVirtualHost(broker);
    await using open = await openTopology(vhost.url);
    await open.queues.provision([{ name: 'orders' }]);
    const started = performance.now();
    const arrivals: [string, number][] = [];
    const { promise: all, resolve } = Promise.withResolvers<void>();
    const note = (id: string | undefined): void => {
      arrivals.push([id ?? '', performance.now() - started]);
      if (arrivals.length === 3) resolve();
    };
    await open.channel.consume('orders', (message) => note(message?.content.toString()), {
      noAck: true,
    });
    for (const seconds of [3, 1, 2]) await delay(open, 'orders', seconds, String(seconds));
    await all;
    expect(arrivals.map(([id]) => id)).toEqual(['1', '2', '3']);
    for (const [id, afterMs] of arrivals)
      expect(afterMs).toBeGreaterThanOrEqual(Number(id) * 1_000);
  });

  test('should deliver to no queue whose name only resembles', { timeout }, async () => {
    await using vhost = await createVirtualHost(broker);
    await using open = await openTopology(vhost.url);
    const names = ['b', 'a.b', '*', '#', 'a.*', 'x'.repeat(255)];
    await open.queues.provision(names.map((name) => ({ name })));
    for (const name of names) await delay(open, name, 1, `to ${name}`);
    for (const name of names) expect(await open.arrived(name, 1)).toEqual([`to ${name}`]);
    expect(await open.count('busbar.undeliverable')).toBe(0);
  });

  test('should not be held up by queues that are gone', { timeout }, async () => {
    await using vhost = await createVirtualHost(broker);
    await using open = await openTopology(vhost.url);
    await open.queues.provision([{ name: 'doomed' }, { name: 'orders' }]);
    for (let index = 0; index < 50; index += 1) await delay(open, 'doomed', 1, `lost-${index}`);
    await open.channel.deleteQueue('doomed');
    await delay(open, 'orders', 1, 'good');
    expect(await open.arrived('orders', 1)).toEqual(['good']);
    const lost = await open.arrived('busbar.undeliverable', 50);
    expect(lost.toSorted()).toEqual(Array.from({ length: 50 }, (_, i) => `lost-${i}`).toSorted());
  });

  test('should not be held up by events that nobody subscribed to', { timeout }, async () => {
    await using vhost = await createVirtualHost(broker);
    await using open = await openTopology(vhost.url);
    await open.queues.provision([{ name: 'orders' }]);
    await open.subscriptions.subscribe('orders', ['Heard']);
    const publishLater = async (topics: readonly string[], id: string): Promise<void> => {
      const word = await open.topology.ensureDelay({ kind: 'topic', topics });
      const { exchange, routingKey } = open.topology.delayTarget(word, 1);
      await open.publish(exchange, routingKey, id);
    };
    for (let index = 0; index < 50; index += 1) await publishLater(['Unheard'], `${index}`);
    await publishLater(['Derived', 'Heard'], 'heard');
    await delay(open, 'orders', 1, 'good');
    expect((await open.arrived('orders', 2)).toSorted()).toEqual(['good', 'heard']);
    expect(await open.count('busbar.undeliverable')).toBe(0);
    expect(await open.count('busbar.delay.sink')).toBe(0);
  });

  test('should say that a queue is missing', { timeout }, async () => {
    await using vhost = await createVirtualHost(broker);
    await using open = await openTopology(vhost.url);
    const ensuring = open.topology.ensureDelay({ kind: 'queue', queue: 'nowhere' });
    await expect(ensuring).rejects.toThrow(/no queue 'nowhere'.*\[UNDELIVERABLE\]/);
    await open.channel.assertQueue('nowhere');
    await delay(open, 'nowhere', 1, 'late');
    expect(await open.arrived('nowhere', 1)).toEqual(['late']);
  });

  test('should be made again when somebody removed it', { timeout }, async () => {
    await using vhost = await createVirtualHost(broker);
    await using open = await openTopology(vhost.url);
    await open.queues.provision([{ name: 'orders' }, { name: 'others' }]);
    await open.channel.deleteExchange('busbar.delay.delivery');
    await open.channel.assertQueue('new');
    await delay(open, 'new', 1, 'one');
    expect(await open.arrived('new', 1)).toEqual(['one']);
    open.topology.forget();
    expect(open.topology.readyDelay({ kind: 'queue', queue: 'orders' })).toBeUndefined();
    await delay(open, 'orders', 1, 'two');
    expect(await open.arrived('orders', 1)).toEqual(['two']);
  });

  test('should share what is asked for at once, and remember it', { timeout }, async () => {
    await using vhost = await createVirtualHost(broker);
    await using open = await openTopology(vhost.url);
    await open.channel.assertQueue('orders');
    const destination = { kind: 'queue', queue: 'orders' } as const;
    expect(open.topology.readyDelay(destination)).toBeUndefined();
    const words = await Promise.all(
      Array.from({ length: 100 }, () => open.topology.ensureDelay(destination)),
    );
    expect(new Set(words)).toEqual(new Set(['queue.orders']));
    expect(open.topology.readyDelay(destination)).toBe('queue.orders');
  });

  test('should refuse a ladder of other steps, and name the way out', { timeout }, async () => {
    await using vhost = await createVirtualHost(broker);
    await using open = await openTopology(vhost.url);
    await open.channel.assertQueue('busbar.delay.03', {
      arguments: { 'x-queue-type': 'quorum', 'x-message-ttl': 9_000 },
    });
    const provisioning = open.queues.provision([{ name: 'orders' }]);
    await expect(provisioning).rejects.toThrow(/'busbar\.delay\.03'.*another `delayPrefix`/);
    await using other = await openTopology(vhost.url, { delayPrefix: 'shop.delay' });
    await other.queues.provision([{ name: 'orders' }]);
    await delay(other, 'orders', 1, 'good');
    expect(await other.arrived('orders', 1)).toEqual(['good']);
  });
});
