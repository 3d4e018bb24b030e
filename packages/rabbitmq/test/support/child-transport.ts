import type { Transport } from '@busbar/core';
import { type RabbitMqTransportOptions, rabbitMqTransport } from '@busbar/rabbitmq';

/** What the conformance suite's own child processes receive with. */
export function childTransport(argument: unknown): Transport {
  return rabbitMqTransport(argument as RabbitMqTransportOptions);
}
