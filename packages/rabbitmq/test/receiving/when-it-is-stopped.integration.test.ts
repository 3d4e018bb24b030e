import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { until } from '../../../../test/support/rabbitmq/bounded-wait.ts';
import { brokerForTests } from '../../../../test/support/rabbitmq/broker-for-tests.ts';
import { FaultProxy } from '../../../../test/support/rabbitmq/fault-proxy.ts';
import { createVirtualHost } from '../../../../test/support/rabbitmq/virtual-host.ts';
import { Receiving, limitMs, numbered, queueTypes } from './support/receiving.ts';

const rabbits = [await brokerForTests('3'), await brokerForTests('4')];
/** Many times what the broker passes on to a quorum queue at once. */
const concurrency = 400;

for (const rabbit of rabbits)
  rabbit.register('a receiver that is stopped', (broker) => {
    describe.for(queueTypes)(
      `a receiver of a %s queue that is stopped, ${broker.version}`,
      (type) => {
        test('should leave nothing behind of what it settles at once', async () => {
          await using vhost = await createVirtualHost(broker);
          await using all = await Receiving.open(vhost.url);
          const queue = await all.queue('orders', type);
          const leave = Promise.withResolvers<void>();
          let begun = 0;
          const receiver = all.receiver(queue, { concurrency });
          await all.start(receiver, () => {
            begun += 1;
            return leave.promise;
          });
          await all.send(queue, numbered(concurrency));
          await until(limitMs, 'all messages', () => begun === concurrency);
          const stopped = all.stop(receiver);
          leave.resolve();
          await stopped;
          // What was not settled would be ready again now.
          await sleep(200);
          expect(await all.ready(queue)).toBe(0);
        });

        test('should end when the connection is lost while the broker passes them on', async () => {
          await using vhost = await createVirtualHost(broker);
          const { hostname, port } = new URL(broker.url);
          await using proxy = await FaultProxy.listen({ to: Number(port), host: hostname });
          await using all = await Receiving.open(vhost.url, { url: proxy.via(vhost.url) });
          const queue = await all.queue('orders', type);
          const receiver = all.receiver(queue, { concurrency });
          await all.start(receiver, () => {});
          await all.send(queue, numbered(concurrency));
          await until(limitMs, 'all', () => receiver.health().settled === concurrency);
          // Nothing that a stop asks for is answered any more.
          proxy.pause('down');
          const stopped = all.stop(receiver);
          await sleep(200);
          proxy.reset();
          await stopped;
        });
      },
    );
  });
