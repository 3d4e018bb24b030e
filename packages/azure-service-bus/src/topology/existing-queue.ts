import type { QueueProperties, ServiceBusAdministrationClient } from '@azure/service-bus';
import { BusbarError } from '@busbar/core';
import { isMissing } from './administration.ts';

/**
 * Undefined where there is nothing of this name.
 *
 * @throws BusbarError INVALID_CONFIGURATION where it is a topic's
 */
export async function existingQueue(
  client: ServiceBusAdministrationClient,
  name: string,
): Promise<QueueProperties | undefined> {
  try {
    return await client.getQueue(name);
  } catch (error) {
    if (isMissing(error)) return undefined;
    if (showsTopic(error)) throw isTopic(name);
    throw error;
  }
}

/** The SDK cannot make a queue of what the service answers then, and says no more than that. */
function showsTopic(error: unknown): boolean {
  const { response } = (error ?? {}) as { readonly response?: { readonly bodyAsText?: unknown } };
  return /<(?:\w+:)?TopicDescription\b/.test(String(response?.bodyAsText));
}

/** What stands in the way of a queue. */
export function isTopic(name: string): BusbarError {
  return new BusbarError(
    'INVALID_CONFIGURATION',
    `There can be no queue "${name}": a topic has that name, and queues and topics share one set of names.`,
    { help: 'Give the queue another name, or delete the topic.', details: { queue: name } },
  );
}
