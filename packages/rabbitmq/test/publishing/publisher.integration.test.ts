import { Buffer } from 'node:buffer';
import { describe, expect, test } from 'vitest';
import { until, within } from '../../../../test/support/rabbitmq/bounded-wait.ts';
import { brokerForTests } from '../../../../test/support/rabbitmq/broker-for-tests.ts';
import { FaultProxy } from '../../../../test/support/rabbitmq/fault-proxy.ts';
import { createVirtualHost } from '../../../../test/support/rabbitmq/virtual-host.ts';
import { openPublisher } from '../support/open-publisher.ts';

const rabbit = await brokerForTests();
const limitMs = 30_000;
const confirmed = { outcome: 'confirmed' };

function numbered(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `message-${index}`);
}

rabbit.register('the publisher', (broker) => {
  const proxyTo = (): Promise<FaultProxy> => {
    const { hostname, port } = new URL(broker.url);
    return FaultProxy.listen({ to: Number(port), host: hostname });
  };

  describe('the publisher', () => {
    test('should confirm what a queue has, in order', async () => {
      await using vhost = await createVirtualHost(broker);
      await using open = await openPublisher(vhost.url);
      await open.channel.assertQueue('orders');
      const ids = numbered(3_000);
      const results = await Promise.all(ids.map((id) => open.send('orders', id)));
      expect(new Set(results.map(({ outcome }) => outcome))).toEqual(new Set(['confirmed']));
      expect(await open.drain('orders')).toEqual(ids);
    });

    test('should say of each message whether its queue is missing', async () => {
      await using vhost = await createVirtualHost(broker);
      await using open = await openPublisher(vhost.url);
      await open.channel.assertQueue('orders');
      // The same id and body, so that only the order of returns tells them apart.
      const results = await Promise.all([
        open.send('missing', 'same'),
        open.send('orders', 'same'),
        open.send('missing', 'same'),
        open.send('orders', 'same'),
      ]);
      const missing = {
        outcome: 'undeliverable',
        reason: 'the queue "missing" does not exist (312 NO_ROUTE)',
        refused: true,
      };
      expect(results).toEqual([missing, confirmed, missing, confirmed]);
      expect(await open.drain('orders')).toEqual(['same', 'same']);
    });

    test('should fail alone what makes the broker close the channel', async () => {
      await using vhost = await createVirtualHost(broker);
      await using open = await openPublisher(vhost.url);
      await open.channel.assertQueue('orders');
      const bad = open.publisher.publish({
        exchange: 'no-such-exchange',
        routingKey: '',
        content: Buffer.from('bad'),
        options: {},
      });
      const good = numbered(50).map((id) => open.send('orders', id));
      expect(await bad).toEqual({
        outcome: 'undeliverable',
        reason: expect.stringContaining("no exchange 'no-such-exchange'") as string,
        refused: true,
      });
      expect(new Set((await Promise.all(good)).map(({ outcome }) => outcome))).toEqual(
        new Set(['confirmed']),
      );
      expect(new Set(await open.drain('orders'))).toEqual(new Set(numbered(50)));
    });

    test('should refuse what the client cannot encode, and send the next', async () => {
      await using vhost = await createVirtualHost(broker);
      await using open = await openPublisher(vhost.url);
      await open.channel.assertQueue('orders');
      const tooLarge = { headers: { large: 'x'.repeat(70_000) } };
      expect(await open.send('orders', 'large', tooLarge)).toEqual({
        outcome: 'undeliverable',
        reason: expect.stringContaining('it cannot be encoded for AMQP') as string,
        refused: true,
      });
      expect(await open.send('orders', 'small')).toEqual(confirmed);
    });

    test('should never repeat what the broker refused', async () => {
      await using vhost = await createVirtualHost(broker);
      await using open = await openPublisher(vhost.url);
      const full = { maxLength: 1, arguments: { 'x-overflow': 'reject-publish' } };
      await open.channel.assertQueue('full', full);
      expect(await open.send('full', 'first')).toEqual(confirmed);
      expect(await open.send('full', 'second')).toEqual({
        outcome: 'unknown',
        reason: expect.stringContaining('RabbitMQ refused it (basic.nack)') as string,
        refused: true,
      });
      expect(await open.drain('full')).toEqual(['first']);
    });

    test('should lose nothing when the connection is cut again and again', async () => {
      await using vhost = await createVirtualHost(broker);
      await using proxy = await proxyTo();
      await using open = await openPublisher(vhost.url, {}, proxy.via(vhost.url));
      await open.channel.assertQueue('orders');
      const ids = numbered(5_000);
      const sending = ids.map((id) => open.send('orders', id));
      for (let cuts = 1; cuts <= 3; cuts += 1) {
        await proxy.connected(cuts);
        proxy.resetAfter(20_000, 'up');
      }
      const results = await within(limitMs, 'all to be confirmed', Promise.all(sending));
      expect(new Set(results.map(({ outcome }) => outcome))).toEqual(new Set(['confirmed']));
      expect(new Set(await open.drain('orders'))).toEqual(new Set(ids));
    });

    test('should say that the outcome is unknown when no confirm comes in time', async () => {
      await using vhost = await createVirtualHost(broker);
      await using proxy = await proxyTo();
      const options = { confirmTimeoutMs: 1_000 };
      await using open = await openPublisher(vhost.url, options, proxy.via(vhost.url));
      await open.channel.assertQueue('orders');
      expect(await open.send('orders', 'before')).toEqual(confirmed);
      proxy.pause('down');
      expect(await within(limitMs, 'the timeout', open.send('orders', 'unsure'))).toEqual({
        outcome: 'unknown',
        reason: 'RabbitMQ did not confirm it within 1 s',
      });
      // It was stored: only its confirmation did not arrive.
      await until(limitMs, 'it to be stored', async () => {
        return (await open.channel.checkQueue('orders')).messageCount === 2;
      });
      proxy.resume();
      expect(await open.send('orders', 'after')).toEqual(confirmed);
    });

    test('should keep messages while the broker is away, up to a bound, and fail at once beyond', async () => {
      await using vhost = await createVirtualHost(broker);
      await using proxy = await proxyTo();
      const options = { maxBufferedMessages: 10, confirmTimeoutMs: 10_000 };
      await using open = await openPublisher(vhost.url, options, proxy.via(vhost.url));
      await open.channel.assertQueue('orders');
      await proxy.close();
      await until(limitMs, 'the loss to be noticed', () => open.link.session === undefined);
      const kept = numbered(10).map((id) => open.send('orders', id));
      await expect(open.send('orders', 'beyond')).rejects.toMatchObject({
        code: 'TRANSPORT_UNAVAILABLE',
        message: expect.stringMatching(
          /^Nothing was sent: RabbitMQ is away\. .*10 messages wait for it already\./,
        ) as string,
      });
      await proxy.reopen();
      const results = await within(limitMs, 'the kept ones', Promise.all(kept));
      expect(new Set(results.map(({ outcome }) => outcome))).toEqual(new Set(['confirmed']));
      expect(await open.drain('orders')).toEqual(numbered(10));
    });

    test('should give up what could not be sent in time, and say that it was not', async () => {
      await using vhost = await createVirtualHost(broker);
      await using proxy = await proxyTo();
      const options = { confirmTimeoutMs: 1_000 };
      await using open = await openPublisher(vhost.url, options, proxy.via(vhost.url));
      await proxy.close();
      await until(limitMs, 'the loss to be noticed', () => open.link.session === undefined);
      await expect(within(limitMs, 'the end', open.send('orders', 'late'))).rejects.toMatchObject({
        code: 'TRANSPORT_UNAVAILABLE',
        message: expect.stringContaining('It could not be sent within 1 s.') as string,
      });
    });
  });
});
