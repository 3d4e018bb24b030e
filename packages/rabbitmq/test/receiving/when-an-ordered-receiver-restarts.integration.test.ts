import { Buffer } from 'node:buffer';
import { setTimeout as sleep } from 'node:timers/promises';
import { type TransportConnection, headerNames } from '@busbar/core';
import { rabbitMqTransport } from '@busbar/rabbitmq';
import { expect, test } from 'vitest';
import { brokerForTests } from '../../../../test/support/rabbitmq/broker-for-tests.ts';
import { until } from '../../../../test/support/rabbitmq/bounded-wait.ts';
import { createVirtualHost } from '../../../../test/support/rabbitmq/virtual-host.ts';
import { transportHost } from '../support/transport-host.ts';

const ids = ['m0', 'm1', 'm2', 'm3', 'm4', 'm5'];

for (const major of ['3', '4'] as const) {
  const rabbit = await brokerForTests(major);

  test(`should keep the order of a key over restarts that come in the middle, RabbitMQ ${major}`, async (context) => {
    const broker = rabbit.orSkip(context);
    await using vhost = await createVirtualHost(broker);
    const transport = rabbitMqTransport({
      url: vhost.url,
      ...(broker.managementUrl !== undefined && { management: broker.managementUrl }),
    });
    const sender = await transport.connect(transportHost());
    await sender.queues.provision([{ name: 'ordered', ordered: true }]);
    await sender.dispatch(
      ids.map((id) => ({
        message: {
          headers: { [headerNames.messageId]: id, [headerNames.partitionKey]: 'key' },
          body: Buffer.from(id),
        },
        destination: { kind: 'queue', queue: 'ordered' },
        partitionKey: 'key',
      })),
    );
    // The first begins and does not end; the second ends before it has begun anything for long.
    for (const lives of [1_000, 100]) {
      const { connection, begun } = await receive(await transport.connect(transportHost()), false);
      await until(20_000, 'the first message to begin', () => begun.length > 0);
      await sleep(lives);
      await connection.close();
    }
    const { connection, begun } = await receive(await transport.connect(transportHost()), true);
    await until(20_000, 'all messages', () => begun.length === ids.length);
    expect(begun).toEqual(ids);
    await connection.close();
    await sender.close();
  }, 90_000);
}

/** Receives, and handles to the end or never ends. */
async function receive(
  connection: TransportConnection,
  ends: boolean,
): Promise<{ connection: TransportConnection; begun: string[] }> {
  const begun: string[] = [];
  const receiver = connection.createReceiver({
    queue: 'ordered',
    concurrency: 4,
    suspicionAfter: 5,
    ordered: true,
  });
  await receiver.start(
    async ({ headers }) => {
      begun.push(headers[headerNames.messageId] ?? '');
      if (!ends) await new Promise(() => {});
      return 'settle';
    },
    async () => ({ action: 'release' }),
  );
  return { connection, begun };
}
