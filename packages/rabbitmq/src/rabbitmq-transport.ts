import type { Transport } from '@busbar/core';
import { rabbitMqCapabilities } from './capabilities.ts';
import { describeAddress } from './connection/broker-address.ts';
import { RabbitMqConnection } from './rabbitmq-connection.ts';
import { type RabbitMqTransportOptions, checkOptions } from './rabbitmq-options.ts';

/**
 * Carries messages through RabbitMQ 3.10 or newer. Each endpoint has two connections, one to publish and one to consume,
 * which come back by themselves after any outage.
 *
 * @throws BusbarError UNKNOWN_OPTION, INVALID_CONFIGURATION
 */
export function rabbitMqTransport(options: RabbitMqTransportOptions = {}): Transport {
  const settings = checkOptions(options);
  return {
    name: 'rabbitmq',
    address: settings.addresses.map(describeAddress).join(','),
    capabilities: rabbitMqCapabilities(settings),
    connect: (host) => RabbitMqConnection.open(settings, host),
  };
}
