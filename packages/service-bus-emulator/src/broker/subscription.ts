import { type Filter, trueFilter } from '../filters/filter.ts';
import type { RuleAction } from '../filters/rule-action.ts';
import type { MessageContent } from '../message/message-content.ts';
import { BrokerFault, entityExists, entityNotFound, invalidArgument } from './broker-fault.ts';
import { EntityTimes } from './entity-times.ts';
import type { SubscriptionSettings } from './entity-settings.ts';
import { checkName, fixedLimits } from './limits.ts';
import { Mailboxes } from './mailboxes.ts';
import type { Origin } from './origin.ts';
import type { EntityContext } from './queue.ts';

export interface Rule {
  readonly name: string;
  readonly filter: Filter;
  readonly action: RuleAction | undefined;
  readonly createdAt: number;
}

export class Subscription {
  readonly kind = 'subscription';
  readonly topicName: string;
  readonly name: string;
  readonly mailboxes: Mailboxes;
  readonly times: EntityTimes;
  readonly rules = new Map<string, Rule>();
  settings: SubscriptionSettings;
  readonly #clock;

  constructor(
    topicName: string,
    name: string,
    settings: SubscriptionSettings,
    context: EntityContext,
  ) {
    this.topicName = topicName;
    this.name = name;
    this.settings = settings;
    this.#clock = context.clock;
    this.times = new EntityTimes(context.clock);
    this.mailboxes = new Mailboxes({
      address: this.address,
      clock: context.clock,
      budget: context.budget,
      settings: () => this.settings,
      forward: context.forward,
      ...(context.longestLifetime !== undefined && { longestLifetime: context.longestLifetime }),
    });
  }

  get address(): string {
    return `${this.topicName}/Subscriptions/${this.name}`;
  }

  addRule(name: string, filter: Filter = trueFilter, action?: RuleAction): Rule {
    checkName('rule', name);
    if (this.rules.has(name.toLowerCase())) throw entityExists(`${this.address}/Rules/${name}`);
    if (this.rules.size >= fixedLimits.rulesOfTopic) {
      throw invalidArgument(`A subscription may have ${fixedLimits.rulesOfTopic} rules.`);
    }
    return this.#set({ name, filter, action, createdAt: this.#clock.now() });
  }

  replaceRule(name: string, filter: Filter, action?: RuleAction): Rule {
    const { createdAt } = this.rule(name);
    return this.#set({ name, filter, action, createdAt });
  }

  rule(name: string): Rule {
    const rule = this.rules.get(name.toLowerCase());
    if (rule === undefined) throw entityNotFound(`${this.address}/Rules/${name}`);
    return rule;
  }

  removeRule(name: string): void {
    this.rule(name);
    this.rules.delete(name.toLowerCase());
  }

  /** Takes its copies of what was published: one for all rules without an action, and one for each with. */
  offer(content: MessageContent, origin: Origin): void {
    let plain = false;
    for (const rule of this.rules.values()) {
      let copy: MessageContent;
      try {
        if (!rule.filter.matches(content)) continue;
        if (rule.action === undefined) {
          plain = true;
          continue;
        }
        copy = content.copy();
        rule.action.apply(copy);
      } catch (error) {
        if (!(error instanceof BrokerFault)) throw error;
        this.#onFilterError(content, error);
        continue;
      }
      this.mailboxes.arrive(copy, origin);
    }
    if (plain) this.mailboxes.arrive(content.copy(), origin);
  }

  #onFilterError(content: MessageContent, error: BrokerFault): void {
    if (!this.settings.deadLetteringOnFilterErrors) return;
    this.mailboxes.bury(content.copy(), 'FilterException', error.message);
  }

  #set(rule: Rule): Rule {
    this.rules.set(rule.name.toLowerCase(), rule);
    return rule;
  }
}
