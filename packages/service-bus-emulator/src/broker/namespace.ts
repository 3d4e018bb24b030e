import type { BrokerClock } from '../clock/broker-clock.ts';
import {
  BrokerFault,
  entityDisabled,
  entityExists,
  entityNotFound,
  invalidArgument,
} from './broker-fault.ts';
import {
  defaultQueueSettings,
  defaultSubscriptionSettings,
  defaultTopicSettings,
  type QueueSettings,
  type ReceivingSettings,
  type SubscriptionSettings,
  type TopicSettings,
} from './entity-settings.ts';
import {
  checkPath,
  checkReceivingSettings,
  checkSendingSettings,
  fixedLimits,
  type Limits,
} from './limits.ts';
import type { MemoryBudget } from './memory-budget.ts';
import type { Forward } from './origin.ts';
import { type EntityContext, Queue } from './queue.ts';
import { Subscription } from './subscription.ts';
import { Topic } from './topic.ts';

export type Entity = Queue | Topic;

/** Queues and topics by name. Names are compared without regard to case, and shown as they were given. */
export class Namespace {
  readonly name: string;
  readonly clock: BrokerClock;
  readonly limits: Limits;
  readonly createdAt: number;
  readonly #entities = new Map<string, Entity>();
  readonly #context: EntityContext;
  readonly #onGone: (address: string, reason: BrokerFault) => void;

  constructor(options: {
    readonly name: string;
    readonly clock: BrokerClock;
    readonly limits: Limits;
    readonly budget: MemoryBudget;
    /** Links to the address, and to all that lies below it, have to go. */
    readonly onGone: (address: string, reason: BrokerFault) => void;
  }) {
    const { name, clock, limits, budget, onGone } = options;
    this.name = name;
    this.clock = clock;
    this.limits = limits;
    this.createdAt = clock.now();
    this.#onGone = onGone;
    this.#context = { clock, limits, budget, forward: this.#forward };
  }

  entities(kind: 'queue'): Queue[];
  entities(kind: 'topic'): Topic[];
  entities(kind: Entity['kind']): Entity[] {
    return [...this.#entities.values()]
      .filter((entity) => entity.kind === kind)
      .sort((one, other) => (one.name.toLowerCase() < other.name.toLowerCase() ? -1 : 1));
  }

  find(name: string): Entity | undefined {
    return this.#entities.get(name.toLowerCase());
  }

  get(name: string): Entity {
    const entity = this.find(name);
    if (entity === undefined) throw entityNotFound(name);
    return entity;
  }

  queue(name: string): Queue {
    const entity = this.get(name);
    if (entity.kind !== 'queue') throw entityNotFound(name);
    return entity;
  }

  topic(name: string): Topic {
    const entity = this.get(name);
    if (entity.kind !== 'topic') throw entityNotFound(name);
    return entity;
  }

  createQueue(name: string, settings: Partial<QueueSettings> = {}): Queue {
    const all = { ...defaultQueueSettings, ...settings };
    this.#checkNew(name);
    checkReceivingSettings(all);
    checkSendingSettings(all, this.limits.tier);
    this.#checkForwarding(name, all);
    const queue = new Queue(name, all, this.#context);
    this.#entities.set(name.toLowerCase(), queue);
    return queue;
  }

  createTopic(name: string, settings: Partial<TopicSettings> = {}): Topic {
    const all = { ...defaultTopicSettings, ...settings };
    this.#checkNew(name);
    checkSendingSettings(all, this.limits.tier);
    const topic = new Topic(name, all, this.#context);
    this.#entities.set(name.toLowerCase(), topic);
    return topic;
  }

  createSubscription(
    topicName: string,
    name: string,
    settings: Partial<SubscriptionSettings> = {},
  ): Subscription {
    const all = { ...defaultSubscriptionSettings, ...settings };
    const topic = this.topic(topicName);
    this.#checkForwarding(topicName, all);
    return topic.addSubscription(name, all);
  }

  updateQueue(name: string, settings: QueueSettings): Queue {
    const queue = this.queue(name);
    checkReceivingSettings(settings);
    checkSendingSettings(settings, this.limits.tier);
    checkFixed(queue.settings, settings, ['requiresSession', 'requiresDuplicateDetection']);
    this.#checkForwarding(name, settings);
    queue.settings = settings;
    queue.times.update();
    this.#onChanged(queue.name, settings.status);
    queue.mailboxes.main.dispatch();
    return queue;
  }

  updateTopic(name: string, settings: TopicSettings): Topic {
    const topic = this.topic(name);
    checkSendingSettings(settings, this.limits.tier);
    checkFixed(topic.settings, settings, ['requiresDuplicateDetection']);
    topic.settings = settings;
    topic.times.update();
    this.#onChanged(topic.name, settings.status);
    return topic;
  }

  updateSubscription(
    topicName: string,
    name: string,
    settings: SubscriptionSettings,
  ): Subscription {
    const subscription = this.topic(topicName).subscription(name);
    checkReceivingSettings(settings);
    checkFixed(subscription.settings, settings, ['requiresSession']);
    this.#checkForwarding(topicName, settings);
    subscription.settings = settings;
    subscription.times.update();
    this.#onChanged(subscription.address, settings.status);
    subscription.mailboxes.main.dispatch();
    return subscription;
  }

  delete(name: string): void {
    const entity = this.get(name);
    this.#entities.delete(name.toLowerCase());
    this.#onGone(entity.name, entityNotFound(entity.name));
    const holders = entity.kind === 'queue' ? [entity] : [...entity.subscriptions.values()];
    for (const { mailboxes } of holders) for (const mailbox of mailboxes.all) mailbox.clear();
    entity.schedule.clear();
  }

  deleteSubscription(topicName: string, name: string): void {
    const topic = this.topic(topicName);
    const subscription = topic.subscription(name);
    topic.subscriptions.delete(name.toLowerCase());
    this.#onGone(subscription.address, entityNotFound(subscription.address));
    for (const mailbox of subscription.mailboxes.all) mailbox.clear();
  }

  clear(): void {
    for (const name of this.#entities.keys()) this.delete(name);
  }

  readonly #forward: Forward = (to, content, origin) => {
    if (origin.hops > fixedLimits.forwardingHops) {
      throw new BrokerFault(
        'com.microsoft:max-hop-count-exceeded',
        403,
        `The maximum number of allowed hops when forwarding between queues was exceeded: it is ${fixedLimits.forwardingHops}.`,
      );
    }
    const { intake } = this.get(to);
    intake.checkSendable();
    intake.checkSpace([content]);
    intake.receive(content, origin);
  };

  #onChanged(address: string, status: string): void {
    if (status !== 'Active') this.#onGone(address, entityDisabled(address));
  }

  #checkNew(name: string): void {
    checkPath(name);
    if (this.find(name) !== undefined) throw entityExists(name);
    if (this.#entities.size >= fixedLimits.entities) {
      throw new BrokerFault(
        'amqp:resource-limit-exceeded',
        403,
        `The namespace has ${this.#entities.size} queues and topics, which is the most that it may have.`,
      );
    }
  }

  #checkForwarding(name: string, settings: ReceivingSettings): void {
    for (const to of [settings.forwardTo, settings.forwardDeadLetteredTo]) {
      if (to === undefined) continue;
      if (to.toLowerCase() === name.toLowerCase()) {
        throw invalidArgument(`'${name}' cannot forward to itself.`);
      }
      if (this.find(to) === undefined) {
        throw invalidArgument(
          `'${name}' cannot forward to '${to}': there is no such queue or topic.`,
        );
      }
    }
    if (settings.forwardTo !== undefined && settings.requiresSession) {
      throw invalidArgument(`'${name}' requires sessions and cannot forward its messages.`);
    }
  }
}

function checkFixed<S, K extends keyof S & string>(old: S, next: S, names: readonly K[]): void {
  for (const name of names) {
    if (old[name] !== next[name]) {
      throw invalidArgument(`The value of ${name} cannot be changed once the entity exists.`);
    }
  }
}
