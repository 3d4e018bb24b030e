import { Buffer } from 'node:buffer';
import type { ConsumeMessage, Options } from 'amqplib';
import { expect, test } from 'vitest';
import { until } from '../../../../test/support/rabbitmq/bounded-wait.ts';
import { createVirtualHost } from '../../../../test/support/rabbitmq/virtual-host.ts';
import { diedAlone, startCountOf } from '../../src/receiving/start-count.ts';
import { onBothMajors } from './support/on-both-majors.ts';
import { type OpenTopology, limitMs, openTopology } from './support/open-topology.ts';

const timeout = 60_000;
const types = ['quorum', 'classic'] as const;

async function fill(open: OpenTopology, queue: string, count: number): Promise<string[]> {
  const names = Array.from({ length: count }, (_, index) => `m${index}`);
  await Promise.all(names.map((id) => open.publish('', queue, id)));
  return names;
}

async function ids(open: OpenTopology, queue: string, limit = 1_000): Promise<string[]> {
  return (await open.queues.peek(queue, limit)).map(({ nativeId }) => nativeId);
}

onBothMajors('stored messages', (broker) => {
  for (const type of types) {
    test(`should stay in order when looked at, ${type}`, { timeout }, async () => {
      await using vhost = await createVirtualHost(broker);
      await using open = await openTopology(vhost.url);
      await open.channel.assertQueue('q', { arguments: { 'x-queue-type': type } });
      const all = await fill(open, 'q', 60);
      for (const limit of [5, 60, 1_000, 40, 1]) {
        expect(await ids(open, 'q', limit)).toEqual(all.slice(0, limit));
      }
      expect(await open.count('q')).toBe(60);
      expect(await open.arrived('q', 60)).toEqual(all);
    });

    test(`should survive being looked at thirty times, ${type}`, { timeout }, async () => {
      await using vhost = await createVirtualHost(broker);
      await using open = await openTopology(vhost.url);
      await open.channel.assertQueue('q', { arguments: { 'x-queue-type': type } });
      const all = await fill(open, 'q', 3);
      for (let round = 0; round < 30; round += 1) {
        expect((await ids(open, 'q')).toSorted()).toEqual(all);
      }
      expect((await open.arrived('q', 3)).toSorted()).toEqual(all);
      expect(open.host.warnings).toEqual([]);
    });

    test(`should be moved by id with all that they carry, ${type}`, { timeout }, async () => {
      await using vhost = await createVirtualHost(broker);
      await using open = await openTopology(vhost.url);
      for (const name of ['from', 'to']) {
        await open.channel.assertQueue(name, { arguments: { 'x-queue-type': type } });
      }
      const more: Options.Publish = {
        appId: 'legacy',
        timestamp: 1_700_000_000,
        priority: 3,
        contentEncoding: 'gzip',
        correlationId: 'c1',
        headers: {
          'x-number': 7,
          'x-list': ['a', 1],
          'x-changed': 'before',
          'x-gone': true,
          'x-busbar-deliveries': '4',
          'x-busbar-alone': '3',
        },
      };
      await fill(open, 'from', 3);
      await open.publish('', 'from', 'moves', more);
      await open.publish('', 'from', 'last');
      const moved = await open.queues.move({
        from: 'from',
        to: 'to',
        nativeIds: ['moves', 'unheard-of'],
        headers: { 'x-changed': 'after', 'x-gone': undefined, 'x-new': 'new' },
      });
      expect(moved).toBe(1);
      expect(await open.arrived('from', 4)).toEqual(['m0', 'm1', 'm2', 'last']);
      const message = await open.channel.get('to', { noAck: true });
      expect(message).toMatchObject({
        content: Buffer.from('moves'),
        properties: {
          messageId: 'moves',
          appId: 'legacy',
          timestamp: 1_700_000_000,
          priority: 3,
          contentEncoding: 'gzip',
          correlationId: 'c1',
          deliveryMode: 2,
        },
      });
      const { headers } = (message as { properties: { headers: object } }).properties;
      expect(headers).toMatchObject({
        'x-number': 7,
        'x-list': ['a', 1],
        'x-changed': 'after',
        'x-new': 'new',
      });
      for (const name of ['x-gone', 'x-busbar-deliveries', 'x-busbar-alone']) {
        expect(headers).not.toHaveProperty([name]);
      }
    });
  }

  test('should be moved within one queue', { timeout }, async () => {
    await using vhost = await createVirtualHost(broker);
    await using open = await openTopology(vhost.url);
    await open.channel.assertQueue('q', { arguments: { 'x-queue-type': 'quorum' } });
    await fill(open, 'q', 3);
    const request = { from: 'q', to: 'q', nativeIds: ['m0', 'm1'] };
    expect(await open.queues.move(request)).toBe(2);
    expect(await ids(open, 'q')).toEqual(['m2', 'm0', 'm1']);
    expect(await open.queues.move({ ...request, nativeIds: [] })).toBe(0);
  });

  test('should be moved in numbers, copies of one id too', { timeout }, async () => {
    await using vhost = await createVirtualHost(broker);
    await using open = await openTopology(vhost.url);
    for (const name of ['from', 'to']) {
      await open.channel.assertQueue(name, { arguments: { 'x-queue-type': 'quorum' } });
    }
    const all = await fill(open, 'from', 1_500);
    await open.publish('', 'from', 'twin');
    await open.publish('', 'from', 'twin');
    await open.publish('', 'from', 'last');
    const nativeIds = [...all.filter((_, index) => index % 2 === 0), 'twin', 'twin'];
    expect(await open.queues.move({ from: 'from', to: 'to', nativeIds })).toBe(752);
    expect(await open.arrived('to', 752)).toEqual(nativeIds);
    const left = [...all.filter((_, index) => index % 2 === 1), 'last'];
    expect(await open.arrived('from', 751)).toEqual(left);
  });

  test('should survive that their neighbours are moved one by one', { timeout }, async () => {
    await using vhost = await createVirtualHost(broker);
    await using open = await openTopology(vhost.url);
    for (const name of ['from', 'to']) {
      await open.channel.assertQueue(name, { arguments: { 'x-queue-type': 'quorum' } });
    }
    const all = await fill(open, 'from', 28);
    for (const id of all.slice(0, 25)) {
      expect(await open.queues.move({ from: 'from', to: 'to', nativeIds: [id] })).toBe(1);
    }
    expect((await open.arrived('from', 3)).toSorted()).toEqual(all.slice(25));
    expect(await open.arrived('to', 25)).toEqual(all.slice(0, 25));
  });

  test('should be gone from where they were moved away', { timeout }, async () => {
    await using vhost = await createVirtualHost(broker);
    await using open = await openTopology(vhost.url);
    for (const name of ['from', 'to']) {
      await open.channel.assertQueue(name, { arguments: { 'x-queue-type': 'quorum' } });
    }
    // The broker forgets acknowledgements of a channel that is closed at once.
    for (let round = 0; round < 5; round += 1) {
      const nativeIds = await fill(open, 'from', 100);
      await open.publish('', 'from', 'stays');
      expect(await open.queues.move({ from: 'from', to: 'to', nativeIds })).toBe(100);
      expect(await open.arrived('from', 1)).toEqual(['stays']);
      expect(await open.arrived('to', 100)).toEqual(nativeIds);
    }
  });

  test('should stay when they cannot be moved', { timeout }, async () => {
    await using vhost = await createVirtualHost(broker);
    await using open = await openTopology(vhost.url);
    await open.channel.assertQueue('from', { arguments: { 'x-queue-type': 'quorum' } });
    await open.channel.assertQueue('full', {
      arguments: { 'x-max-length': 1, 'x-overflow': 'reject-publish' },
    });
    const all = await fill(open, 'from', 3);
    await open.publish('', 'full', 'there');
    const request = { from: 'from', to: 'missing', nativeIds: all };
    await expect(open.queues.move(request)).rejects.toThrow(/"missing".*\[MISSING_QUEUE\]/);
    const back = { from: 'missing', to: 'from', nativeIds: all };
    await expect(open.queues.move(back)).rejects.toThrow(/'missing'.*\[MISSING_QUEUE\]/);
    await expect(open.queues.peek('missing', 1)).rejects.toThrow(/'missing'.*\[MISSING_QUEUE\]/);
    await expect(open.queues.move({ ...request, to: 'full' })).rejects.toThrow(/"full"/);
    expect(await ids(open, 'from')).toEqual(all);
  });

  test('should be moved though they carry commands to the broker', { timeout }, async () => {
    await using vhost = await createVirtualHost(broker);
    await using open = await openTopology(vhost.url);
    for (const name of ['from', 'to', 'copies']) await open.channel.assertQueue(name);
    await open.publish('', 'from', 'one', {
      CC: 'copies',
      userId: 'guest',
      expiration: 60_000,
    });
    expect(await open.arrived('copies', 1)).toEqual(['one']);
    expect(await open.queues.move({ from: 'from', to: 'to', nativeIds: ['one'] })).toBe(1);
    const moved = await open.channel.get('to', { noAck: true });
    expect(moved).toMatchObject({ properties: { userId: undefined, expiration: undefined } });
    expect(await open.count('copies')).toBe(0);
  });

  test('should not be looked at in an ordered queue', { timeout }, async () => {
    await using vhost = await createVirtualHost(broker);
    await using open = await openTopology(vhost.url);
    await open.queues.provision([{ name: 'lanes', ordered: true }, { name: 'to' }]);
    const all = await fill(open, 'lanes', 3);
    await expect(open.queues.peek('lanes', 5)).rejects.toThrow(/is ordered/);
    const request = { from: 'lanes', to: 'to', nativeIds: all };
    await expect(open.queues.move(request)).rejects.toThrow(/UNSUPPORTED_BY_TRANSPORT/);
    const arrived: unknown[] = [];
    await open.channel.consume('lanes', (message) => {
      arrived.push([message?.content.toString(), message?.fields.redelivered]);
    });
    await until(limitMs, 'three messages', () => arrived.length === 3);
    expect(arrived).toEqual(all.map((id) => [id, false]));
  });

  test('should not be suspected because they were looked at', { timeout }, async () => {
    await using vhost = await createVirtualHost(broker);
    await using open = await openTopology(vhost.url);
    await open.channel.assertQueue('q', { arguments: { 'x-queue-type': 'quorum' } });
    const headers = { 'x-busbar-deliveries': '5', 'x-busbar-alone': '5' };
    await open.publish('', 'q', 'alone', { headers });
    for (let round = 0; round < 5; round += 1) expect(await ids(open, 'q')).toEqual(['alone']);
    const message = await open.channel.get('q', { noAck: true });
    const count = startCountOf(message as unknown as ConsumeMessage);
    expect(diedAlone(count)).toBe(false);
    expect(count.alone).toBeGreaterThanOrEqual(5);
  });

  test('should be counted', { timeout }, async () => {
    await using vhost = await createVirtualHost(broker);
    await using open = await openTopology(vhost.url);
    await open.queues.provision([{ name: 'one' }, { name: 'two' }]);
    await fill(open, 'one', 3);
    const none = { ready: 0, delayed: 0, inFlight: 0 };
    expect(await open.queues.list()).toEqual([
      { name: 'busbar.undeliverable', ...none },
      { name: 'one', ...none, ready: 3 },
      { name: 'two', ...none },
    ]);
    await open.channel.deleteQueue('two');
    expect((await open.queues.list()).map(({ name }) => name)).toEqual([
      'busbar.undeliverable',
      'one',
    ]);
  });
});
