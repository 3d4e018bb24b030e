import type {
  QueueSettings,
  SubscriptionSettings,
  TopicSettings,
} from '../broker/entity-settings.ts';
import type { PlannedFault } from './fault-plan.ts';
import type { InspectedMessage } from './inspected-message.ts';

/** What the links of clients are told when a test detaches them. */
export interface DetachReason {
  /** AMQP error condition. @default 'amqp:link:detach-forced' */
  readonly condition?: string;
  /** @default 'A test detached the link.' */
  readonly description?: string;
}

/** How many messages a queue or subscription has in which state. */
export interface MessageCounts {
  /** Ready to be received, or locked. */
  readonly active: number;
  /** Those of the active ones that a receiver holds. */
  readonly locked: number;
  /** Put aside, to be received by their number. */
  readonly deferred: number;
  /** Not visible before their time. */
  readonly scheduled: number;
  /** In the dead-letter queue. */
  readonly deadLetters: number;
  /** In the transfer dead-letter queue: what could not be forwarded. */
  readonly transferDeadLetters: number;
}

/** A subscription's settings, and the filter of its first rule. */
export interface NewSubscriptionSettings extends Partial<SubscriptionSettings> {
  /** The SQL expression of the rule `$Default`. @default a rule that lets everything through */
  readonly sqlFilter?: string;
}

/**
 * What a test can do to a namespace from inside. Addresses are those of receivers: `queue`,
 * `topic/Subscriptions/subscription`, and either with `/$DeadLetterQueue` or `/$Transfer/$DeadLetterQueue` behind it.
 * What an address or a setting is wrong about is thrown as the BrokerFault that a client would have been told.
 */
export interface EmulatorControl {
  /** How many AMQP connections there are; with `isolateByKeyName` one counts once it has shown its key. */
  readonly connections: number;
  /** How many operations are still to fail. */
  readonly pendingFaults: number;

  /** The time that the broker goes by: the real one, plus what it was advanced by. */
  now(): Date;

  /**
   * Moves the broker's clock on. Locks, times to live and schedules that fall due on the way do so in their order, and
   * have done so when this returns. Clients keep their own time.
   *
   * @throws RangeError for a time that is negative or none
   */
  advanceClock(milliseconds: number): void;

  /** Lets the next operations of a kind fail. Faults that are planned for the same operation happen one after another. */
  failNext(fault: PlannedFault): void;

  /** Forgets the faults that have not happened yet. */
  clearFaults(): void;

  /** Ends every AMQP connection without a word, as a network does. Returns how many there were. */
  dropConnections(): number;

  /** Detaches the links to an entity and what lies below it, or all of them. Returns how many there were. */
  detachLinks(entity?: string, reason?: DetachReason): number;

  /**
   * Ends locks as if their time were over: the deliveries count, and who holds a message finds its lock lost. Of an entity
   * with sessions it ends the locks of the sessions. Returns how many locks there were.
   */
  expireLocks(entity?: string, only?: { readonly sequenceNumber?: number }): number;

  /** Puts a copy of a message behind the others, with the same message id: what "at least once" allows a broker to do. */
  duplicateMessage(address: string, sequenceNumber: number): void;

  /**
   * Waits until the condition holds, which is asked again after whatever a client did and after whatever fell due. What
   * a client knows first is not always what the broker knows first: await this instead of sleeping.
   *
   * @throws Error when it does not hold within the time, which is real time and five seconds unless it is given
   */
  until(condition: () => boolean, options?: { readonly timeoutMs?: number }): Promise<void>;

  /** All messages at an address in the order of their sequence numbers: locked, deferred and scheduled ones too. */
  messages(address: string): InspectedMessage[];

  /** How many messages a queue or subscription has; the address may be that of one of its dead-letter queues. */
  counts(address: string): MessageCounts;

  /** The names of all queues and topics, and the addresses of all subscriptions. */
  entities(): string[];

  /** Makes a queue. Settings that are left out have the defaults of the service. */
  createQueue(name: string, settings?: Partial<QueueSettings>): void;

  /** Makes a topic. Settings that are left out have the defaults of the service. */
  createTopic(name: string, settings?: Partial<TopicSettings>): void;

  /** Makes a subscription with one rule. Settings that are left out have the defaults of the service. */
  createSubscription(topic: string, name: string, settings?: NewSubscriptionSettings): void;

  /** Deletes a queue, a topic or a subscription with its messages; links to it are detached. */
  deleteEntity(address: string): void;

  /** Deletes all entities and forgets all faults. The clock keeps its time. */
  reset(): void;
}
