import type { MessageContent } from '../message/message-content.ts';
import { entityExists, entityNotFound, invalidArgument } from './broker-fault.ts';
import { EntityTimes } from './entity-times.ts';
import type { SubscriptionSettings, TopicSettings } from './entity-settings.ts';
import { Intake } from './intake.ts';
import { checkName, checkReceivingSettings, fixedLimits } from './limits.ts';
import { MemoryBudget } from './memory-budget.ts';
import { MessageBuffer } from './message-buffer.ts';
import type { Origin } from './origin.ts';
import type { EntityContext } from './queue.ts';
import { Schedule } from './schedule.ts';
import { Subscription } from './subscription.ts';

export class Topic {
  readonly kind = 'topic';
  readonly name: string;
  readonly subscriptions = new Map<string, Subscription>();
  readonly schedule: Schedule;
  readonly intake: Intake;
  /** Its subscriptions share the topic's size, as they do in the service. */
  readonly budget: MemoryBudget;
  readonly times: EntityTimes;
  settings: TopicSettings;
  readonly #context: EntityContext;

  constructor(name: string, settings: TopicSettings, context: EntityContext) {
    const { clock, limits } = context;
    this.name = name;
    this.settings = settings;
    this.#context = context;
    this.times = new EntityTimes(clock);
    this.budget = new MemoryBudget(
      name,
      () => Math.min(limits.entitySize, this.settings.maxSizeInMegabytes * 2 ** 20),
      context.budget,
    );
    this.schedule = new Schedule(
      clock,
      new MessageBuffer(this.budget, () => ''),
      (content, sequenceNumber) => {
        this.#publish(content, { hops: 0, enqueuedSequenceNumber: sequenceNumber });
      },
    );
    this.intake = new Intake({
      name,
      clock,
      limits,
      budget: this.budget,
      schedule: this.schedule,
      settings: () => this.settings,
      arrive: (content, origin) => {
        this.#publish(content, origin);
      },
    });
  }

  subscription(name: string): Subscription {
    const subscription = this.subscriptions.get(name.toLowerCase());
    if (subscription === undefined) throw entityNotFound(`${this.name}/Subscriptions/${name}`);
    return subscription;
  }

  addSubscription(name: string, settings: SubscriptionSettings): Subscription {
    checkName('subscription', name);
    checkReceivingSettings(settings);
    const key = name.toLowerCase();
    if (this.subscriptions.has(key)) throw entityExists(`${this.name}/Subscriptions/${name}`);
    if (this.subscriptions.size >= fixedLimits.subscriptionsOfTopic) {
      throw invalidArgument(`A topic may have ${fixedLimits.subscriptionsOfTopic} subscriptions.`);
    }
    const subscription = new Subscription(this.name, name, settings, {
      ...this.#context,
      budget: this.budget,
      longestLifetime: () => this.settings.defaultTimeToLive,
    });
    this.subscriptions.set(key, subscription);
    return subscription;
  }

  #publish(content: MessageContent, origin: Origin): void {
    for (const subscription of this.subscriptions.values()) subscription.offer(content, origin);
  }
}
