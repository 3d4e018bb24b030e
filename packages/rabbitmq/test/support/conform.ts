import { transportConformance } from '@busbar/conformance';
import { type RabbitMqTransportOptions, rabbitMqTransport } from '@busbar/rabbitmq';
import { connect } from 'amqplib';
import { afterAll } from 'vitest';
import type { Broker } from '../../../../test/support/rabbitmq/broker.ts';
import { FaultProxy } from '../../../../test/support/rabbitmq/fault-proxy.ts';
import {
  type VirtualHost,
  createVirtualHost,
} from '../../../../test/support/rabbitmq/virtual-host.ts';
import { scaled } from '../../../../test/support/scale.ts';

/** Registers the whole conformance suite on one broker, with queues of one kind. */
export function conform(broker: Broker, queueType: 'classic' | 'quorum'): void {
  // One for all: the delay queues of a virtual host take a second to make, and the names in it are each test's own.
  let made: Promise<VirtualHost> | undefined;
  const virtualHost = (): Promise<VirtualHost> => (made ??= createVirtualHost(broker));
  afterAll(async () => (await made)?.close());

  transportConformance({
    name: `rabbitmq ${broker.version}, ${queueType} queues`,
    capabilities: rabbitMqTransport().capabilities,
    create: async () => {
      const host = await virtualHost();
      const { hostname, port } = new URL(broker.url);
      const proxy = await FaultProxy.listen({ to: Number(port), host: hostname });
      const direct: RabbitMqTransportOptions = {
        url: host.url,
        queueType,
        ...(broker.managementUrl !== undefined && { management: broker.managementUrl }),
      };
      return {
        // Through a proxy, so that a connection can be cut.
        transport: rabbitMqTransport({ ...direct, url: proxy.via(host.url) }),
        child: {
          module: new URL('child-transport.ts', import.meta.url).href,
          argument: direct,
        },
        removeQueue: async (queue) => {
          const connection = await connect(host.url);
          const channel = await connection.createChannel();
          await channel.deleteQueue(queue);
          await connection.close();
        },
        loseHold: async () => proxy.reset(),
        close: () => proxy.close(),
      };
    },
    skips: {
      'when-a-message-is-poison':
        'every AMQP message can be read: header values of any type become text',
    },
    // The delay queues know whole seconds, and a killed process is noticed when its connection ends.
    sizes: { leak: scaled('conformance-leak'), shortDelayMs: 1_000 },
    limitMs: 30_000,
  });
}
