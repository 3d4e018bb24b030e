import type { ServiceBusAdministrationClient } from '@azure/service-bus';
import { BusbarError } from '@busbar/core';
import { type Administration, existsAlready } from './administration.ts';
import { existingQueue } from './existing-queue.ts';
import { topicEntity } from './names.ts';
import { sizeDifference, sizeSetting } from './queue-settings.ts';

/**
 * Makes the topic of an event where it does not exist.
 *
 * @throws BusbarError INVALID_CONFIGURATION where a queue has its name
 */
export async function makeTopic(
  client: ServiceBusAdministrationClient,
  topic: string,
  administration: Administration,
): Promise<void> {
  const entity = topicEntity(topic);
  try {
    await client.createTopic(entity, {
      enableBatchedOperations: true,
      ...sizeSetting(administration.settings.maxMessageBytes),
      ...(!entity.endsWith(topic) && { userMetadata: topic.slice(0, 1_024) }),
    });
  } catch (error) {
    if (!existsAlready(error)) throw error;
    if (!(await isQueue(client, entity))) return;
    throw new BusbarError(
      'INVALID_CONFIGURATION',
      `The event "${topic}" needs the topic "${entity}", but a queue has that name.`,
      {
        help: 'Move its messages away and delete the queue, or give the event another name.',
        details: { topic, queue: entity },
      },
    );
  }
}

/** Says where a topic that exists takes less than the settings promise; asks only where it may. */
export async function checkTopicSize(
  client: ServiceBusAdministrationClient,
  topic: string,
  administration: Administration,
): Promise<void> {
  const { maxMessageBytes } = administration.settings;
  if (sizeSetting(maxMessageBytes).maxMessageSizeInKilobytes === undefined) return;
  const entity = topicEntity(topic);
  const difference = sizeDifference(await client.getTopic(entity), maxMessageBytes);
  if (difference === undefined) return;
  administration.warnOnce(
    `topic ${entity} ${difference}`,
    `The topic "${entity}" is used as it is: ${difference}.`,
  );
}

async function isQueue(client: ServiceBusAdministrationClient, entity: string): Promise<boolean> {
  try {
    return (await existingQueue(client, entity)) !== undefined;
  } catch (error) {
    if (error instanceof BusbarError) return false;
    throw error;
  }
}
