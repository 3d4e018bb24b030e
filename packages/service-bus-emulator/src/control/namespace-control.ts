import { findEntity, findMailbox, parseAddress } from '../broker/address.ts';
import { BrokerFault, messageNotFound } from '../broker/broker-fault.ts';
import type { QueueSettings, TopicSettings } from '../broker/entity-settings.ts';
import type { Mailbox } from '../broker/mailbox.ts';
import type { Filter } from '../filters/filter.ts';
import { sqlFilter } from '../filters/sql-filter.ts';
import type { Tenant } from '../server/tenant.ts';
import type {
  DetachReason,
  EmulatorControl,
  MessageCounts,
  NewSubscriptionSettings,
} from './emulator-control.ts';
import { liesAtOrBelow, type PlannedFault } from './fault-plan.ts';
import { type InspectedMessage, inspectMessage } from './inspected-message.ts';

/** The connections that a control can reach. */
export interface ControlledLinks {
  countConnections(): number;
  dropConnections(): number;
  detachLinks(entity: string | undefined, reason: BrokerFault): number;
}

/** Reaches into one namespace. */
export class NamespaceControl implements EmulatorControl {
  readonly #tenant: Tenant;
  readonly #links: ControlledLinks;

  constructor(tenant: Tenant, links: ControlledLinks) {
    this.#tenant = tenant;
    this.#links = links;
  }

  now(): Date {
    return new Date(this.#tenant.clock.now());
  }

  advanceClock(milliseconds: number): void {
    if (!(milliseconds >= 0)) {
      throw new RangeError(
        `The clock goes forward only: ${milliseconds} is no number of milliseconds.`,
      );
    }
    this.#tenant.clock.advance(milliseconds);
  }

  failNext(fault: PlannedFault): void {
    this.#tenant.faults.add(fault);
  }

  get pendingFaults(): number {
    return this.#tenant.faults.pending;
  }

  clearFaults(): void {
    this.#tenant.faults.clear();
  }

  get connections(): number {
    return this.#links.countConnections();
  }

  dropConnections(): number {
    return this.#links.dropConnections();
  }

  detachLinks(entity?: string, reason: DetachReason = {}): number {
    const { condition = 'amqp:link:detach-forced', description = 'A test detached the link.' } =
      reason;
    return this.#links.detachLinks(entity, new BrokerFault(condition, 500, description));
  }

  expireLocks(entity?: string, only: { readonly sequenceNumber?: number } = {}): number {
    let expired = 0;
    for (const mailbox of this.#mailboxes(entity)) {
      for (const id of mailbox.sessions.locked()) {
        if (only.sequenceNumber !== undefined) continue;
        mailbox.sessions.expire(id);
        expired++;
      }
      for (const message of mailbox.locks.all()) {
        const { sequenceNumber = message.sequenceNumber } = only;
        if (message.sequenceNumber !== sequenceNumber) continue;
        mailbox.release(message, true);
        expired++;
      }
    }
    return expired;
  }

  duplicateMessage(address: string, sequenceNumber: number): void {
    const mailbox = this.#mailbox(address);
    const message = mailbox.buffer.get(sequenceNumber);
    if (message === undefined) throw messageNotFound(sequenceNumber);
    mailbox.put(message.content.copy());
  }

  until(condition: () => boolean, options: { readonly timeoutMs?: number } = {}): Promise<void> {
    return this.#tenant.changes.until(condition, options.timeoutMs ?? 5_000);
  }

  messages(address: string): InspectedMessage[] {
    return [...this.#mailbox(address).buffer.all()].map(inspectMessage);
  }

  counts(address: string): MessageCounts {
    const { main, deadLetters, transferDeadLetters } = this.#entityMailboxes(address);
    const messages = [...main.buffer.all()];
    const inState = (state: string) => messages.filter((message) => message.state === state);
    return {
      active: inState('active').length,
      locked: inState('active').filter(({ lock }) => lock !== undefined).length,
      deferred: inState('deferred').length,
      scheduled: inState('scheduled').length,
      deadLetters: deadLetters.buffer.size,
      transferDeadLetters: transferDeadLetters.buffer.size,
    };
  }

  entities(): string[] {
    const { namespace } = this.#tenant;
    const topics = namespace.entities('topic');
    return [
      ...namespace.entities('queue').map(({ name }) => name),
      ...topics.flatMap(({ name, subscriptions }) => [
        name,
        ...[...subscriptions.values()].map(({ address }) => address),
      ]),
    ];
  }

  createQueue(name: string, settings?: Partial<QueueSettings>): void {
    this.#tenant.namespace.createQueue(name, settings);
  }

  createTopic(name: string, settings?: Partial<TopicSettings>): void {
    this.#tenant.namespace.createTopic(name, settings);
  }

  createSubscription(topic: string, name: string, settings: NewSubscriptionSettings = {}): void {
    const { sqlFilter: expression, ...rest } = settings;
    const filter: Filter | undefined = expression === undefined ? undefined : sqlFilter(expression);
    this.#tenant.namespace.createSubscription(topic, name, rest).addRule('$Default', filter);
  }

  deleteEntity(address: string): void {
    const entity = findEntity(this.#tenant.namespace, address);
    if (entity.kind === 'subscription') {
      this.#tenant.namespace.deleteSubscription(entity.topicName, entity.name);
    } else {
      this.#tenant.namespace.delete(entity.name);
    }
  }

  reset(): void {
    this.clearFaults();
    this.#tenant.namespace.clear();
  }

  #mailbox(address: string): Mailbox {
    return findMailbox(this.#tenant.namespace, parseAddress(address));
  }

  #entityMailboxes(address: string) {
    const entity = findEntity(this.#tenant.namespace, parseAddress(address).entity);
    if (entity.kind === 'topic') {
      throw new BrokerFault(
        'amqp:not-allowed',
        400,
        `'${address}' is a topic: ask its subscriptions.`,
      );
    }
    return entity.mailboxes;
  }

  #mailboxes(entity: string | undefined): Mailbox[] {
    const { namespace } = this.#tenant;
    const holders = [
      ...namespace.entities('queue'),
      ...namespace.entities('topic').flatMap(({ subscriptions }) => [...subscriptions.values()]),
    ];
    return holders
      .flatMap(({ mailboxes }) => mailboxes.all)
      .filter(({ address }) => entity === undefined || liesAtOrBelow(address, entity));
  }
}
