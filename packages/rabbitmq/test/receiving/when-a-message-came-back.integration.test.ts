import type { GetMessage } from 'amqplib';
import { describe, expect, test } from 'vitest';
import { until } from '../../../../test/support/rabbitmq/bounded-wait.ts';
import { brokerForTests } from '../../../../test/support/rabbitmq/broker-for-tests.ts';
import { FaultProxy } from '../../../../test/support/rabbitmq/fault-proxy.ts';
import { createVirtualHost } from '../../../../test/support/rabbitmq/virtual-host.ts';
import { ownHeaders } from '../../src/message/properties.ts';
import { Receiving, idOf, limitMs, queueTypes } from './support/receiving.ts';

const rabbit = await brokerForTests();

/** What the transport noted on a message. */
function notes({ properties }: GetMessage): unknown[] {
  const headers = properties.headers ?? {};
  return [headers[ownHeaders.deliveries], headers[ownHeaders.alone]];
}

rabbit.register('a receiver of messages that were delivered before', (broker) => {
  const proxyTo = (): Promise<FaultProxy> => {
    const { hostname, port } = new URL(broker.url);
    return FaultProxy.listen({ to: Number(port), host: hostname });
  };

  test('should note on a copy what a classic queue does not count', async () => {
    await using vhost = await createVirtualHost(broker);
    await using all = await Receiving.open(vhost.url);
    const queue = await all.queue('orders', 'classic');
    const headers = { text: 'value', number: 7, CC: ['elsewhere'] };
    await all.queue('elsewhere', 'classic');
    await all.send(queue, ['one'], { headers, contentEncoding: 'utf8', priority: 3, type: 'kind' });
    await all.drain('elsewhere');
    await all.giveBack(queue, 2);
    const counts: number[] = [];
    const receiver = await all.receive(queue, async ({ delivery }) => {
      counts.push(delivery.deliveryCount);
      await all.hang();
    });
    await until(limitMs, 'the message', () => counts.length === 1);
    await all.stop(receiver, AbortSignal.abort());
    await all.hasReady(queue, 1);
    const [copy] = await all.drain(queue);
    expect(counts).toEqual([2]);
    expect(notes(copy!)).toEqual(['1', undefined]);
    expect(copy?.content.toString()).toBe('one');
    expect(copy?.properties).toMatchObject({
      messageId: 'one',
      contentEncoding: 'utf8',
      priority: 3,
      type: 'kind',
      deliveryMode: 2,
    });
    expect(copy?.properties.headers).toMatchObject({ text: 'value', number: 7 });
    expect(await all.ready('elsewhere'), 'a copy goes nowhere else').toBe(0);
  });

  test('should handle what came back to a classic queue that is full and refuses copies', async () => {
    await using vhost = await createVirtualHost(broker);
    await using all = await Receiving.open(vhost.url);
    const full = { 'x-max-length': 1, 'x-overflow': 'reject-publish' };
    const queue = await all.queue('orders', 'classic', full);
    await all.send(queue, ['one']);
    const one = await all.direct.get(queue);
    // What is held does not count, so there is room for another, and none for a copy of what goes back.
    await all.send(queue, ['two']);
    all.direct.reject(one as GetMessage, true);
    await all.hasReady(queue, 2);
    const handled: string[] = [];
    const receiver = await all.receive(queue, (attempt) => void handled.push(idOf(attempt)));
    await until(limitMs, 'both messages', () => handled.length === 2);
    await all.stop(receiver);
    expect(handled).toEqual(['one', 'two']);
    expect(await all.ready(queue)).toBe(0);
    expect(all.host.warnings).toContain(
      'A message that was delivered before could not be stored again with its count, and is handled without',
    );
  });

  test('should count what has headers that the client cannot write', async () => {
    await using vhost = await createVirtualHost(broker);
    await using all = await Receiving.open(vhost.url);
    const queue = await all.queue('orders', 'classic');
    // Of a table of somebody's own, whose entry `!` is no type.
    const headers = { own: { '!': 'object', value: { '!': 'string', value: 'odd' } } };
    await all.send(queue, ['one'], { headers });
    await all.giveBack(queue, 1);
    const counts: number[] = [];
    const receiver = await all.receive(queue, ({ delivery }) => {
      counts.push(delivery.deliveryCount);
    });
    await until(limitMs, 'the message', () => counts.length === 1);
    await all.stop(receiver);
    expect(counts).toEqual([2]);
    expect(all.host.warnings).toEqual([]);
  });

  test('should know without a copy what the same process gave back', async () => {
    await using vhost = await createVirtualHost(broker);
    await using all = await Receiving.open(vhost.url);
    const queue = await all.queue('orders', 'classic');
    const counts: number[] = [];
    const fields: boolean[] = [];
    await all.receive(queue, ({ delivery }) => {
      counts.push(delivery.deliveryCount);
      fields.push((delivery.native as GetMessage).fields.redelivered);
      if (counts.length < 4) throw new Error('on purpose');
    });
    await all.send(queue, ['one']);
    await until(limitMs, 'four attempts', () => counts.length === 4);
    expect(counts).toEqual([1, 2, 3, 4]);
    expect(fields).toEqual([false, true, true, true]);
  });

  test('should never let a quorum queue come near its limit', { timeout: 60_000 }, async () => {
    await using vhost = await createVirtualHost(broker);
    await using all = await Receiving.open(vhost.url);
    const queue = await all.queue('orders', 'quorum');
    const counts: number[] = [];
    await all.receive(queue, ({ delivery }) => {
      counts.push(delivery.deliveryCount);
      if (counts.length < 45) throw new Error('on purpose');
    });
    await all.send(queue, ['one']);
    await until(limitMs, '45 attempts', () => counts.length === 45);
    expect(counts).toEqual(Array.from({ length: 45 }, (_, index) => index + 1));
  });

  describe.for(queueTypes)('a receiver of suspects in a %s queue', (type) => {
    const suspect = (deliveries: number, alone: number) => ({
      headers: { [ownHeaders.deliveries]: String(deliveries), [ownHeaders.alone]: String(alone) },
    });

    test('should mark a suspect before it is handled alone', async () => {
      await using vhost = await createVirtualHost(broker);
      await using all = await Receiving.open(vhost.url);
      const queue = await all.queue('orders', type);
      await all.send(queue, ['one'], { headers: { [ownHeaders.deliveries]: '3' } });
      await all.giveBack(queue, 1);
      const seen: [number, boolean][] = [];
      const options = { suspicionAfter: 3 };
      const receiver = all.receiver(queue, options);
      await all.start(receiver, async ({ delivery }) => {
        seen.push([delivery.deliveryCount, delivery.diedAlone]);
        await all.hang();
      });
      await until(limitMs, 'the suspect', () => seen.length === 1);
      expect(seen).toEqual([[5, false]]);
      // As if its process died: the broker gives it to others.
      for (const channel of all.channels) await channel.close();
      await using others = await Receiving.open(vhost.url);
      const copy = await others.direct.get(queue);
      expect(copy).not.toBe(false);
      expect(notes(copy as GetMessage)).toEqual(['4', '4']);
    });

    test('should condemn one that twice did not come back', async () => {
      await using vhost = await createVirtualHost(broker);
      await using all = await Receiving.open(vhost.url);
      const queue = await all.queue('orders', type);
      const failures: unknown[] = [];
      const handled: number[] = [];
      await all.send(queue, ['once'], suspect(6, 5));
      await all.send(queue, ['twice'], suspect(7, 5));
      const onError = async ({ error }: { error: Error }) => {
        failures.push(error);
        return { action: 'settle' } as const;
      };
      const receiver = all.receiver(queue, { suspicionAfter: 5 });
      await all.start(receiver, ({ delivery }) => void handled.push(delivery.deliveryCount), {
        onError,
      });
      await until(limitMs, 'both to be settled', () => receiver.health().settled === 2);
      expect(handled).toEqual([7]);
      expect(failures).toMatchObject([{ code: 'CRASH_LOOP', details: { nativeId: 'twice' } }]);
    });

    test('should see no evidence in a lost connection', { timeout: 60_000 }, async () => {
      await using vhost = await createVirtualHost(broker);
      await using proxy = await proxyTo();
      await using all = await Receiving.open(vhost.url, { url: proxy.via(vhost.url) });
      const queue = await all.queue('orders', type);
      await all.send(queue, ['suspect'], suspect(5, 5));
      const seen: boolean[] = [];
      const receiver = all.receiver(queue, { suspicionAfter: 5 });
      await all.start(receiver, async ({ delivery }) => {
        seen.push(delivery.diedAlone);
        if (seen.length > 3) return;
        const { promise, resolve } = Promise.withResolvers<void>();
        delivery.signal.addEventListener('abort', () => resolve());
        proxy.reset();
        await promise;
      });
      await until(limitMs, 'it to be handled', () => receiver.health().settled === 1);
      expect(seen).toEqual([false, false, false, false]);
    });

    test('should see no evidence in what it gave back', { timeout: 60_000 }, async () => {
      await using vhost = await createVirtualHost(broker);
      await using all = await Receiving.open(vhost.url);
      const queue = await all.queue('orders', type);
      await all.send(queue, ['suspect'], suspect(5, 5));
      const receiver = all.receiver(queue, { suspicionAfter: 5 });
      for (const round of [1, 2, 3]) {
        const entered = Promise.withResolvers<void>();
        await all.start(receiver, async () => {
          entered.resolve();
          await all.hang();
        });
        await entered.promise;
        await all.stop(receiver, AbortSignal.abort());
        await until(limitMs, `it to be back, round ${round}`, async () => {
          return (await all.ready(queue)) === 1;
        });
      }
      const [copy] = await all.drain(queue);
      expect(notes(copy!)).toEqual(['8', '8']);
    });

    test('should give its suspect back while another receiver of the process has one', async () => {
      await using vhost = await createVirtualHost(broker);
      await using all = await Receiving.open(vhost.url);
      const [one, two] = [await all.queue('one', type), await all.queue('two', type)];
      const inside: string[] = [];
      const leave = Promise.withResolvers<void>();
      const first = all.receiver(one, { suspicionAfter: 5 });
      await all.start(first, async (attempt) => {
        inside.push(idOf(attempt));
        await leave.promise;
      });
      await all.send(one, ['first'], suspect(5, 5));
      await until(limitMs, 'the first suspect', () => inside.length === 1);
      const second = all.receiver(two, { suspicionAfter: 5 });
      await all.start(second, (attempt) => void inside.push(idOf(attempt)));
      await all.send(two, ['second'], suspect(6, 5));
      await until(limitMs, 'the second suspect to be given back', async () => {
        return second.held === 0 && (await all.ready(two)) === 1;
      });
      leave.resolve();
      await until(limitMs, 'both', () => inside.length === 2);
      await until(limitMs, 'its settlement', () => second.health().settled === 1);
      expect(inside).toEqual(['first', 'second']);
    });
  });

  test('should handle a suspect of an ordered queue alone, and never give it up', async () => {
    await using vhost = await createVirtualHost(broker);
    await using all = await Receiving.open(vhost.url);
    const queue = await all.orderedQueue('orders');
    await all.send(queue, ['before']);
    await all.send(queue, ['suspect'], { headers: { [ownHeaders.deliveries]: '9' } });
    await all.send(queue, ['after']);
    const handled: string[] = [];
    let inside = 0;
    const alone: number[] = [];
    const receiver = all.receiver(queue, { ordered: true, suspicionAfter: 2 });
    await all.start(receiver, async (attempt) => {
      inside += 1;
      await new Promise((resolve) => setImmediate(resolve));
      if (idOf(attempt) === 'suspect') alone.push(inside);
      handled.push(idOf(attempt));
      inside -= 1;
    });
    await until(limitMs, 'all', () => receiver.health().settled === 3);
    expect(handled).toEqual(['before', 'suspect', 'after']);
    expect(alone).toEqual([1]);
  });
});
