import type { ServiceBusAdministrationClient } from '@azure/service-bus';
import type { QueueInfo } from '@busbar/core';
import { inParallel } from './in-parallel.ts';
import { deadLetterName, transferDeadLetterName } from './names.ts';

interface Counts {
  readonly deadLetterMessageCount: number;
  readonly transferDeadLetterMessageCount: number;
}

/** All queues, and the dead-letter queues in which something lies, those of subscriptions included. */
export async function listPlaces(
  client: ServiceBusAdministrationClient,
  heldOf: (queue: string) => number,
): Promise<readonly QueueInfo[]> {
  const places: QueueInfo[] = [];
  for await (const queue of client.listQueuesRuntimeProperties()) {
    const { name, activeMessageCount, scheduledMessageCount } = queue;
    const inFlight = Math.min(heldOf(name), activeMessageCount);
    const ready = activeMessageCount - inFlight;
    places.push({ name, ready, delayed: scheduledMessageCount, inFlight });
    places.push(...deadLettersOf(name, queue));
  }
  const topics: string[] = [];
  for await (const { name, subscriptionCount } of client.listTopicsRuntimeProperties()) {
    if (subscriptionCount !== 0) topics.push(name);
  }
  await inParallel(topics, async (topic) => {
    for await (const subscription of client.listSubscriptionsRuntimeProperties(topic)) {
      const path = `${topic}/Subscriptions/${subscription.subscriptionName}`;
      places.push(...deadLettersOf(path, subscription));
    }
  });
  return places;
}

function deadLettersOf(path: string, counts: Counts): QueueInfo[] {
  const found: QueueInfo[] = [];
  const add = (name: string, ready: number): void => {
    if (ready > 0) found.push({ name, ready, delayed: 0, inFlight: 0 });
  };
  add(deadLetterName(path), counts.deadLetterMessageCount);
  add(transferDeadLetterName(path), counts.transferDeadLetterMessageCount);
  return found;
}
