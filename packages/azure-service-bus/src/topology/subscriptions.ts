import type { ServiceBusAdministrationClient, SubscriptionProperties } from '@azure/service-bus';
import { BusbarError, type Subscriptions } from '@busbar/core';
import { type Administration, existsAlready, isDenial, isMissing } from './administration.ts';
import { inParallel } from './in-parallel.ts';
import { checkTopicSize, makeTopic } from './make-topic.ts';
import { checkQueueName, subscriptionName, topicEntity } from './names.ts';
import { printSubscriptions, subscriptionCommand } from './print-subscriptions.ts';
import { type QueueTopics, Rules, ruleFor } from './rules.ts';
import { TopicDirectory, existingSubscription, leadsTo, queueIn } from './topic-directory.ts';

const mostDeliveries = [2_147_483_647, 2_000, 10] as const;

/** A subscription for each topic of a queue, which forwards to it. */
export class ServiceBusSubscriptions implements Subscriptions {
  readonly #administration: Administration;
  readonly #directory = new TopicDirectory();

  constructor(administration: Administration) {
    this.#administration = administration;
  }

  async subscribe(queue: string, topics: readonly string[]): Promise<void> {
    checkQueueName(queue);
    const wanted = [...new Set(topics)];
    const administration = this.#administration;
    if (administration.prints) {
      const present = (await this.list(queue)) ?? [];
      printSubscriptions(administration, queue, wanted, present);
      return;
    }
    const what = `subscribing the queue "${queue}" to ${wanted.length} topics`;
    await administration.act(
      what,
      subscriptionCommand(administration, queue, wanted[0] ?? ''),
      async (client) => {
        const all = await this.#directory.topicsOf(client, queue);
        const known: QueueTopics = { queue, now: wanted, all };
        await inParallel(wanted, (topic) => this.#subscribeTo(client, topic, known));
        const present = await this.#rules(client, queue).refresh(queue, wanted);
        checkPresent(queue, wanted, present);
        await inParallel(wanted, (topic) => checkTopicSize(client, topic, administration));
      },
    );
  }

  async unsubscribe(queue: string, topics: readonly string[]): Promise<void> {
    const administration = this.#administration;
    const name = subscriptionName(queue);
    const ended = [...new Set(topics)];
    const command = (topic: string): string =>
      administration.command(
        `topic subscription delete --topic-name ${topicEntity(topic)} --name ${name}`,
      );
    if (administration.settings.provisioning === 'print') {
      for (const topic of ended) administration.print(command(topic));
      return;
    }
    const what = `ending subscriptions of the queue "${queue}"`;
    await administration.act(what, command(ended[0] ?? ''), async (client) => {
      const rules = this.#rules(client, queue);
      const entities = new Set(ended.map((topic) => topicEntity(topic).toLowerCase()));
      const present = await this.#directory.topicsOf(client, queue);
      const all = present.filter((topic) => !entities.has(topicEntity(topic).toLowerCase()));
      // First: a rule that leaves an event to a subscription that is gone would leave it to nobody.
      await rules.set({ queue, now: [], all });
      await inParallel(ended, async (topic) => {
        try {
          await client.deleteSubscription(topicEntity(topic), name);
        } catch (error) {
          if (!isMissing(error)) throw error;
        }
      });
      // Who subscribed meanwhile still saw what is gone now.
      await rules.refresh(queue, []);
    });
  }

  async list(queue: string): Promise<readonly string[] | undefined> {
    const answer = await this.#administration.ask(
      `listing the subscriptions of the queue "${queue}"`,
      (client) => this.#directory.topicsOf(client, queue),
    );
    return isDenial(answer) ? undefined : answer;
  }

  async #subscribeTo(
    client: ServiceBusAdministrationClient,
    topic: string,
    known: QueueTopics,
  ): Promise<void> {
    const { queue } = known;
    const entity = topicEntity(topic);
    const name = subscriptionName(queue);
    if (await this.#adoptExisting(client, entity, name, queue)) return;
    await makeTopic(client, topic, this.#administration);
    for (const maxDeliveryCount of mostDeliveries) {
      try {
        await client.createSubscription(entity, name, {
          maxDeliveryCount,
          forwardTo: queue,
          userMetadata: queue.slice(0, 1_024),
          enableBatchedOperations: true,
          // What a rule cannot judge must not vanish.
          deadLetteringOnFilterEvaluationExceptions: true,
          defaultRuleOptions: ruleFor(topic, known),
        });
        return;
      } catch (error) {
        if (existsAlready(error) && (await this.#adoptExisting(client, entity, name, queue)))
          return;
        if (isMissing(error) || !isRefusedCount(error, maxDeliveryCount)) throw error;
      }
    }
  }

  /** False where there is none. */
  async #adoptExisting(
    client: ServiceBusAdministrationClient,
    entity: string,
    name: string,
    queue: string,
  ): Promise<boolean> {
    const existing = await existingSubscription(client, entity, name);
    if (existing === undefined) return false;
    await this.#adopt(client, existing, queue);
    return true;
  }

  #rules(client: ServiceBusAdministrationClient, queue: string): Rules {
    const administration = this.#administration;
    return new Rules(
      client,
      this.#directory,
      () => administration.host.clock.now(),
      (text) => administration.warnOnce(`rules of ${queue}`, text),
    );
  }

  /** The name may be another queue's, cut to the same 50 characters, or an operator may have changed where it leads. */
  async #adopt(
    client: ServiceBusAdministrationClient,
    existing: SubscriptionProperties,
    queue: string,
  ): Promise<void> {
    const { subscriptionName: name, topicName, userMetadata } = existing;
    if (leadsTo(existing, queue)) return;
    const forwardsTo = queueIn(existing.forwardTo);
    if (userMetadata !== undefined && userMetadata !== '' && userMetadata !== queue) {
      throw new BusbarError(
        'INVALID_CONFIGURATION',
        `The subscription "${name}" of the topic "${topicName}" is the queue "${userMetadata}"'s, so "${queue}" cannot have it.`,
        { help: 'Give one of the two queues another name.', details: { queue, topic: topicName } },
      );
    }
    this.#administration.warnOnce(
      `subscription ${topicName} ${name}`,
      `The subscription "${name}" of the topic "${topicName}" forwarded to ${forwardsTo === undefined ? 'nowhere' : `"${forwardsTo}"`}; it forwards to "${queue}" now.`,
    );
    await client.updateSubscription({ ...existing, forwardTo: queue } as never);
    this.#directory.askAgain(queue, topicName);
  }
}

/** What the service said was done is looked at once more: an event whose subscription is missing is lost without a word. */
function checkPresent(queue: string, wanted: readonly string[], present: readonly string[]): void {
  const entities = new Set(present.map((topic) => topicEntity(topic).toLowerCase()));
  const missing = wanted.filter((topic) => !entities.has(topicEntity(topic).toLowerCase()));
  if (missing.length === 0) return;
  const names = missing.map((topic) => `"${topic}"`).join(', ');
  throw new BusbarError(
    'MISSING_SUBSCRIPTION',
    `The queue "${queue}" was subscribed to ${names}, but the service shows no such subscription.`,
    { help: 'See who else removes it, and provision again.', details: { queue, missing } },
  );
}

/** Microsoft's emulator takes no more than ten deliveries. */
function isRefusedCount(thrown: unknown, count: number): boolean {
  const { statusCode } = (thrown ?? {}) as { readonly statusCode?: unknown };
  return statusCode === 400 && count !== mostDeliveries.at(-1);
}
