import { Buffer } from 'node:buffer';
import { type Channel, type Options, connect } from 'amqplib';
import type { DispatchResult } from '@busbar/core';
import { Link } from '../../src/connection/link.ts';
import { toProperties } from '../../src/message/properties.ts';
import { Publisher } from '../../src/publishing/publisher.ts';
import { type RabbitMqTransportOptions, checkOptions } from '../../src/rabbitmq-options.ts';
import { type RecordingHost, transportHost } from './transport-host.ts';

/** A publisher alone, with a second way to the broker that sees what arrived. */
export interface OpenPublisher extends AsyncDisposable {
  readonly publisher: Publisher;
  readonly link: Link;
  readonly host: RecordingHost;
  /** Past the publisher. */
  readonly channel: Channel;
  send(queue: string, id: string, more?: Partial<Options.Publish>): Promise<DispatchResult>;
  /** The ids in a queue, which is empty then. */
  drain(queue: string): Promise<string[]>;
}

export async function openPublisher(
  url: string,
  options: RabbitMqTransportOptions = {},
  via = url,
): Promise<OpenPublisher> {
  const host = transportHost();
  const settings = checkOptions({ ...options, url: via });
  const link = new Link(settings, host, 'publish');
  await link.open();
  const publisher = new Publisher(link, settings, host);
  const direct = await connect(url);
  direct.on('error', () => {});
  const channel = await direct.createChannel();
  return {
    publisher,
    link,
    host,
    channel,
    send: (queue, id, more = {}) =>
      publisher.publish({
        exchange: '',
        routingKey: queue,
        content: Buffer.from(id),
        options: { ...toProperties({ 'busbar-message-id': id }), mandatory: true, ...more },
      }),
    drain: async (queue) => {
      const ids: string[] = [];
      for (;;) {
        const message = await channel.get(queue, { noAck: true });
        if (message === false) return ids;
        ids.push(message.content.toString());
      }
    },
    [Symbol.asyncDispose]: async () => {
      await publisher.close(30_000);
      await link.close();
      await direct.close().catch(() => undefined);
    },
  };
}
