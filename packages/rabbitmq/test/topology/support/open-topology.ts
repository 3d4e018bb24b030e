import { Buffer } from 'node:buffer';
import { type Channel, type Options, connect } from 'amqplib';
import type { Clock, DispatchResult } from '@busbar/core';
import { Link } from '../../../src/connection/link.ts';
import { SideChannel } from '../../../src/connection/side-channel.ts';
import { toProperties } from '../../../src/message/properties.ts';
import { Publisher } from '../../../src/publishing/publisher.ts';
import { type RabbitMqTransportOptions, checkOptions } from '../../../src/rabbitmq-options.ts';
import { ManagementApi } from '../../../src/topology/management-api.ts';
import { RabbitMqQueues } from '../../../src/topology/queues.ts';
import { RabbitMqSubscriptions } from '../../../src/topology/subscriptions.ts';
import { Topology } from '../../../src/topology/topology.ts';
import { until } from '../../../../../test/support/rabbitmq/bounded-wait.ts';
import { type RecordingHost, recordingHost } from './recording-host.ts';

/** Longer than anything here takes on a busy machine. */
export const limitMs = 30_000;

/** The topology half of a connection, with a second way to the broker that sees what is there. */
export interface OpenTopology extends AsyncDisposable {
  readonly topology: Topology;
  readonly queues: RabbitMqQueues;
  readonly subscriptions: RabbitMqSubscriptions;
  readonly host: RecordingHost;
  /** Past all of it. */
  readonly channel: Channel;
  publish(
    exchange: string,
    key: string,
    id: string,
    more?: Options.Publish,
  ): Promise<DispatchResult>;
  /** The ids in a queue once there are so many, or more; the queue is empty then. */
  arrived(queue: string, count: number): Promise<string[]>;
  /** What waits in a queue. */
  count(queue: string): Promise<number>;
}

/** Another user, or a management interface elsewhere. */
export interface OpenOptions extends RabbitMqTransportOptions {
  /** Where to connect to see and to tidy up, when `url` names a user who may not. */
  readonly directUrl?: string;
  readonly clock?: Clock;
}

export async function openTopology(
  url: string,
  { directUrl = url, clock, ...options }: OpenOptions = {},
): Promise<OpenTopology> {
  const host = recordingHost(clock);
  const settings = checkOptions({ management: false, ...options, url });
  const [link, publishing] = [
    new Link(settings, host, 'consume'),
    new Link(settings, host, 'publish'),
  ];
  await Promise.all([link.open(), publishing.open()]);
  const publisher = new Publisher(publishing, settings, host);
  const side = new SideChannel(link, host.clock, limitMs);
  const topology = new Topology(side, settings, host);
  const management = new ManagementApi(settings, host.clock);
  const direct = await connect(directUrl);
  direct.on('error', () => {});
  const channel = await direct.createChannel();
  const count = async (queue: string): Promise<number> =>
    (await channel.checkQueue(queue)).messageCount;
  return {
    topology,
    queues: new RabbitMqQueues({ topology, management, republisher: publisher }),
    subscriptions: new RabbitMqSubscriptions(topology, management),
    host,
    channel,
    count,
    publish: (exchange, routingKey, id, more = {}) => {
      const properties = toProperties({ 'busbar-message-id': id });
      return publisher.publish({
        exchange,
        routingKey,
        content: Buffer.from(id),
        options: { ...properties, mandatory: exchange === '', ...more },
      });
    },
    arrived: async (queue, wanted) => {
      const ids: string[] = [];
      await until(limitMs, `${wanted} messages in ${queue}`, async () => {
        for (;;) {
          const message = await channel.get(queue, { noAck: true });
          if (message === false) return ids.length >= wanted;
          ids.push(message.content.toString());
        }
      });
      return ids;
    },
    [Symbol.asyncDispose]: async () => {
      await publisher.close(30_000);
      await Promise.all([link.close(), publishing.close()]);
      await direct.close().catch(() => undefined);
    },
  };
}
