import { type Transport, urlOptions } from '@busbar/core';
import { urlOptionNames } from './rabbitmq-options.ts';
import { rabbitMqTransport } from './rabbitmq-transport.ts';

/** The version of the core's transport port that this package was written for; `transportFrom` refuses another one. */
export const transportApiVersion = 1;

/**
 * The transport that a URL names: `amqp://user:password@host:5672/vhost`, or `amqps:`, several hosts separated with
 * commas, with options as in `amqp://localhost?queueType=classic&heartbeatSeconds=5`.
 *
 * @throws BusbarError INVALID_CONFIGURATION, UNKNOWN_OPTION
 */
export function fromUrl(url: string): Transport {
  const question = url.indexOf('?');
  if (question === -1) return rabbitMqTransport({ url });
  const options = urlOptions(url.slice(question + 1), {
    url: 'The RabbitMQ URL',
    names: urlOptionNames,
    read: valueOf,
  });
  return rabbitMqTransport({ ...options, url: url.slice(0, question) });
}

function valueOf(name: string, text: string): string | number | boolean {
  if (name === 'management' && text === 'false') return false;
  return /^\d+$/.test(text) && name !== 'delayPrefix' ? Number(text) : text;
}
