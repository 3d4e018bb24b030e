import type {
  RuleProperties,
  ServiceBusAdministrationClient,
  SqlRuleFilter,
} from '@azure/service-bus';
import { BusbarError } from '@busbar/core';
import { existsAlready, isMissing } from './administration.ts';
import { copyRule, everything, narrowedAt } from './copy-rules.ts';
import { inParallel } from './in-parallel.ts';
import { subscriptionName, topicEntity } from './names.ts';
import type { TopicDirectory } from './topic-directory.ts';

export const ruleName = 'busbar';
/** The rule that a subscription is born with; it lets everything pass. */
export const bornWith = '$Default';
/** Other processes may change the same rules, but not for ever. */
const mostRounds = 10;

/** What a queue is subscribed to. */
export interface QueueTopics {
  readonly queue: string;
  /** What is being subscribed to. */
  readonly now: readonly string[];
  /** What has a subscription. */
  readonly all: readonly string[];
}

/**
 * The rule of a subscription that is made. It leaves nothing to a subscription that does not exist yet: should that fail
 * to be made, events would reach nobody.
 */
export function ruleFor(
  topic: string,
  topics: QueueTopics,
): { name: string; filter: SqlRuleFilter } {
  return { name: ruleName, filter: { sqlExpression: copyRule(othersOf(topic, topics)).filter } };
}

/** The rules of the subscriptions of a queue. */
export class Rules {
  readonly #client: ServiceBusAdministrationClient;
  readonly #directory: TopicDirectory;
  readonly #warn: (text: string) => void;
  readonly #now: () => number;

  constructor(
    client: ServiceBusAdministrationClient,
    directory: TopicDirectory,
    now: () => number,
    warn: (text: string) => void,
  ) {
    this.#client = client;
    this.#directory = directory;
    this.#now = now;
    this.#warn = warn;
  }

  /**
   * Brings the rules of all subscriptions of a queue up to date, and returns its topics. Another process may subscribe the
   * same queue meanwhile, so it looks again until nothing was to be changed: whoever looks last has seen all.
   *
   * @throws BusbarError TRANSPORT_UNAVAILABLE
   */
  async refresh(queue: string, now: readonly string[]): Promise<readonly string[]> {
    for (let round = 0; round < mostRounds; round += 1) {
      const all = await this.#directory.topicsOf(this.#client, queue);
      if (await this.set({ queue, now, all })) return all;
    }
    throw new BusbarError(
      'TRANSPORT_UNAVAILABLE',
      `The rules of the subscriptions of the queue "${queue}" were changed ${mostRounds} times, and are still not as they have to be: an event could reach it twice, or not at all.`,
      {
        help: `See who else changes the rules "${ruleName}" of its subscriptions, and provision again.`,
        details: { queue },
      },
    );
  }

  /** Sets the rules of `all`; true when each was as it has to be already. */
  async set(topics: QueueTopics): Promise<boolean> {
    const right = await inParallel(topics.all, (topic) => this.#setOne(topic, topics));
    return right.every(Boolean);
  }

  async #setOne(topic: string, topics: QueueTopics): Promise<boolean> {
    const { queue } = topics;
    const client = this.#client;
    const entity = topicEntity(topic);
    const subscription = subscriptionName(queue);
    const others = othersOf(topic, topics);
    const { leftOut } = copyRule(others);
    if (leftOut.length > 0) {
      this.#warn(
        `The queue "${queue}" is subscribed to more topics than a rule has room for. An event that reaches it through two of them may come twice; not compared: ${leftOut.join(', ')}.`,
      );
    }
    try {
      const { own, born } = await this.#rulesOf(entity, subscription);
      const expression = own && expressionOf(own);
      const kept = others.filter((each) => !leftOut.includes(each));
      const { filter } = copyRule(others, narrowedAt(expression, kept, this.#now()));
      if (own === undefined) {
        await client.createRule(entity, subscription, ruleName, { sqlExpression: filter });
      } else if (expression !== filter) {
        const rule = await client.getRule(entity, subscription, ruleName);
        await client.updateRule(entity, subscription, {
          ...rule,
          filter: { sqlExpression: filter },
        });
      }
      // With both rules everything would pass.
      if (born !== undefined) await client.deleteRule(entity, subscription, bornWith);
      return born === undefined && expression === filter;
    } catch (error) {
      // Another process ended the subscription, or made the rule, in the same moment; looking again shows it.
      if (!isMissing(error) && !existsAlready(error)) throw error;
      return false;
    }
  }

  async #rulesOf(
    entity: string,
    subscription: string,
  ): Promise<{ own: RuleProperties | undefined; born: RuleProperties | undefined }> {
    const found: RuleProperties[] = [];
    for await (const rule of this.#client.listRules(entity, subscription)) found.push(rule);
    const named = (name: string): RuleProperties | undefined =>
      found.find((rule) => rule.name.toLowerCase() === name.toLowerCase());
    return { own: named(ruleName), born: named(bornWith) };
  }
}

function expressionOf({ filter }: RuleProperties): string | undefined {
  if (!('sqlExpression' in filter)) return undefined;
  return filter.sqlExpression === undefined ? everything : filter.sqlExpression;
}

/**
 * Topics that an endpoint subscribes to together are of different chains, so those that were there before matter most: one
 * may be left from a version that handled a more special or a more general event.
 */
function othersOf(topic: string, { now, all }: QueueTopics): readonly string[] {
  const together = new Set(now);
  const before = all.filter((each) => !together.has(each));
  return [...before, ...all.filter((each) => together.has(each))].filter((each) => each !== topic);
}
