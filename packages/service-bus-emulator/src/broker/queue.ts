import type { BrokerClock } from '../clock/broker-clock.ts';
import type { QueueSettings } from './entity-settings.ts';
import { Intake } from './intake.ts';
import type { Limits } from './limits.ts';
import { Mailboxes } from './mailboxes.ts';
import { MemoryBudget } from './memory-budget.ts';
import { EntityTimes } from './entity-times.ts';
import type { Forward } from './origin.ts';
import { Schedule } from './schedule.ts';

export interface EntityContext {
  readonly clock: BrokerClock;
  readonly limits: Limits;
  readonly budget: MemoryBudget;
  readonly forward: Forward;
  /** Of messages in the subscriptions of a topic. */
  readonly longestLifetime?: () => number;
}

export class Queue {
  readonly kind = 'queue';
  readonly name: string;
  readonly mailboxes: Mailboxes;
  readonly schedule: Schedule;
  readonly intake: Intake;
  readonly budget: MemoryBudget;
  readonly times: EntityTimes;
  settings: QueueSettings;

  constructor(name: string, settings: QueueSettings, context: EntityContext) {
    const { clock, limits } = context;
    this.name = name;
    this.settings = settings;
    this.times = new EntityTimes(clock);
    this.budget = new MemoryBudget(
      name,
      () => Math.min(limits.entitySize, this.settings.maxSizeInMegabytes * 2 ** 20),
      context.budget,
    );
    const shared = { clock, budget: this.budget, settings: () => this.settings };
    this.mailboxes = new Mailboxes({ ...shared, address: name, forward: context.forward });
    this.schedule = new Schedule(clock, this.mailboxes.main.buffer, (content, sequenceNumber) => {
      this.mailboxes.arrive(content, { hops: 0, enqueuedSequenceNumber: sequenceNumber });
    });
    this.intake = new Intake({
      ...shared,
      name,
      limits,
      schedule: this.schedule,
      arrive: (content, origin) => {
        this.mailboxes.arrive(content, origin);
      },
    });
  }
}
