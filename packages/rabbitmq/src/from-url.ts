import { BusbarError, type Transport } from '@busbar/core';
import { type RabbitMqTransportOptions, urlOptionNames } from './rabbitmq-options.ts';
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
  const options = optionsIn(url.slice(question + 1));
  return rabbitMqTransport({ ...options, url: url.slice(0, question) });
}

function optionsIn(query: string): RabbitMqTransportOptions {
  const options: Record<string, string | number | boolean> = {};
  for (const [name, value] of new URLSearchParams(query)) {
    if (!urlOptionNames.includes(name)) {
      throw new BusbarError('UNKNOWN_OPTION', `The RabbitMQ URL has the parameter "${name}".`, {
        help: `The parameters are ${urlOptionNames.join(', ')}.`,
        details: { option: name },
      });
    }
    if (name in options) {
      throw new BusbarError(
        'INVALID_CONFIGURATION',
        `The RabbitMQ URL has the parameter "${name}" twice.`,
        { details: { option: name } },
      );
    }
    options[name] = valueOf(name, value);
  }
  return options;
}

function valueOf(name: string, text: string): string | number | boolean {
  if (name === 'management' && text === 'false') return false;
  return /^\d+$/.test(text) && name !== 'delayPrefix' ? Number(text) : text;
}
