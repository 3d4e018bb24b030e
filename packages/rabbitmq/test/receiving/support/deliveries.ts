import { Buffer } from 'node:buffer';
import type { ConsumeMessage } from 'amqplib';
import type { ConsumerChannel } from '../../../src/receiving/consumer-channel.ts';
import { RabbitMqDelivery } from '../../../src/receiving/rabbitmq-delivery.ts';
import { startCountOf } from '../../../src/receiving/start-count.ts';

/** A message as it arrives; `id` is left out of one that has none. */
export function message(
  { id, tag = 1, redelivered = false }: { id?: string; tag?: number; redelivered?: boolean },
  headers: Record<string, unknown> = {},
): ConsumeMessage {
  return {
    content: Buffer.from('body'),
    fields: { deliveryTag: tag, redelivered },
    properties: { messageId: id, headers },
  } as unknown as ConsumeMessage;
}

export function delivery(
  init: Parameters<typeof message>[0],
  headers: Record<string, unknown> = {},
): RabbitMqDelivery {
  const native = message(init, headers);
  return new RabbitMqDelivery(native, {
    channel: undefined as unknown as ConsumerChannel,
    queue: 'orders',
    count: startCountOf(native),
    diedAlone: false,
    at: 0,
  });
}
