import type { ServiceBusAdministrationClient, SubscriptionProperties } from '@azure/service-bus';
import { isMissing } from './administration.ts';
import { inParallel } from './in-parallel.ts';
import { isShortened, subscriptionName, topicEntity, topicOf } from './names.ts';

/** What was found of one topic. */
interface Known {
  readonly subscriptions: number | undefined;
  /** The topic where the queue has a subscription of it, else undefined. */
  readonly topic: string | undefined;
}

/**
 * Finds the topics that have a subscription of a queue. The service cannot be asked for them, and lets little be asked at
 * once: so each topic is asked when it is new, when the number of its subscriptions has changed, or when it is the
 * queue's; the rest is a list of a hundred a page.
 */
export class TopicDirectory {
  readonly #known = new Map<string, Map<string, Known>>();

  /** Of a subscription that was led elsewhere the count tells nothing. */
  askAgain(queue: string, entity: string): void {
    this.#known.get(queue)?.delete(entity.toLowerCase());
  }

  async topicsOf(client: ServiceBusAdministrationClient, queue: string): Promise<string[]> {
    const before = this.#known.get(queue);
    const listed: { entity: string; subscriptions: number | undefined }[] = [];
    for await (const { name, subscriptionCount } of client.listTopicsRuntimeProperties()) {
      // What is not named as ours is nobody's event.
      if (topicOf(name) === undefined) continue;
      listed.push({ entity: name, subscriptions: subscriptionCount });
    }
    const after = new Map<string, Known>();
    await inParallel(listed, async ({ entity, subscriptions }) => {
      const known = before?.get(entity.toLowerCase());
      const unchanged = known !== undefined && known.subscriptions === subscriptions;
      const others = unchanged && known.topic === undefined;
      const topic =
        subscriptions === 0 || others
          ? undefined
          : await topicIfOf(client, queue, entity, known?.topic);
      after.set(entity.toLowerCase(), { subscriptions, topic });
    });
    this.#known.set(queue, after);
    return listed
      .map(({ entity }) => after.get(entity.toLowerCase())?.topic)
      .filter((topic) => topic !== undefined);
  }
}

async function topicIfOf(
  client: ServiceBusAdministrationClient,
  queue: string,
  entity: string,
  known: string | undefined,
): Promise<string | undefined> {
  const subscription = await existingSubscription(client, entity, subscriptionName(queue));
  if (!leadsTo(subscription, queue)) return undefined;
  return known ?? trueName(client, entity);
}

/** Of a topic whose name is no entity's the true name is noted beside it. */
async function trueName(client: ServiceBusAdministrationClient, entity: string): Promise<string> {
  const short = topicOf(entity) ?? entity;
  if (!isShortened(entity)) return short;
  const { userMetadata } = await client.getTopic(entity);
  return topicEntity(userMetadata) === entity ? userMetadata : short;
}

/** Undefined where the topic or the subscription does not exist. */
export async function existingSubscription(
  client: ServiceBusAdministrationClient,
  entity: string,
  name: string,
): Promise<SubscriptionProperties | undefined> {
  try {
    return await client.getSubscription(entity, name);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

export function leadsTo(subscription: SubscriptionProperties | undefined, queue: string): boolean {
  return queueIn(subscription?.forwardTo)?.toLowerCase() === queue.toLowerCase();
}

/** The service tells where a subscription forwards to as a URL. */
export function queueIn(forwardTo: string | undefined): string | undefined {
  if (forwardTo === undefined || forwardTo === '') return undefined;
  const path = /^[a-z]+:\/\/[^/]+\/(.+)$/i.exec(forwardTo)?.[1] ?? forwardTo;
  return decodeURIComponent(path);
}
