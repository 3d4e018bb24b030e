import {
  type Endpoint,
  type EndpointOptions,
  type HandlerEntry,
  consoleLogger,
  createEndpoint,
  defaultTopology,
} from '@busbar/core';
import { rabbitMqTransport } from '@busbar/rabbitmq';
import { type BrokerNames, type QueueType, brokerUrl, declareQueue } from '../rabbitmq-broker.ts';

/**
 * As many handlers as the twin has, names of its own, and nothing else that is not a default. Its queues are made past the
 * transport, which would make the delay queues of the virtual host too and leave them there.
 */
export async function rabbitMqEndpoint(
  names: BrokerNames,
  queueType: QueueType,
  concurrency: number,
  handlers: readonly HandlerEntry[],
  options: Partial<EndpointOptions> = {},
): Promise<Endpoint> {
  for (const queue of [names.queue, names.errorQueue]) await declareQueue(queue, queueType);
  return createEndpoint(names.queue, {
    transport: rabbitMqTransport({ url: brokerUrl, queueType, management: false }),
    handlers,
    concurrency,
    provision: false,
    errorQueue: names.errorQueue,
    topology: { ...defaultTopology, topic: () => names.topic },
    logger: consoleLogger({ level: 'warn' }),
    ...options,
  });
}
