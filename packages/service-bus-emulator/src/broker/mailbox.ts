import type { BrokerClock } from '../clock/broker-clock.ts';
import type { MessageContent } from '../message/message-content.ts';
import type { BrokerFault } from './broker-fault.ts';
import type { BrokerMessage } from './broker-message.ts';
import type { Consumer } from './consumer.ts';
import type { ReceivingSettings } from './entity-settings.ts';
import { LockTable } from './lock-table.ts';
import type { MemoryBudget } from './memory-budget.ts';
import { MessageBuffer } from './message-buffer.ts';
import { SessionRegistry } from './session-registry.ts';

export type MailboxKind = 'main' | 'deadLetters' | 'transferDeadLetters';

/** How a message came to a mailbox. */
export interface Arrival {
  readonly enqueuedSequenceNumber?: number | undefined;
  readonly deadLetterSource?: string | undefined;
  readonly deliveryCount?: number;
  readonly hops?: number;
}

export interface MailboxOptions {
  readonly address: string;
  readonly kind: MailboxKind;
  readonly clock: BrokerClock;
  readonly budget: MemoryBudget;
  readonly settings: () => ReceivingSettings;
  /** What the topic of a subscription allows. */
  readonly longestLifetime?: (() => number) | undefined;
  /** Takes a message that the mailbox has given up and already forgotten. */
  readonly onDeadLetter: (message: BrokerMessage, reason: string, description: string) => void;
}

/** A place that messages are received from: of a queue or a subscription, or one of its dead-letter queues. */
export class Mailbox {
  readonly address: string;
  readonly kind: MailboxKind;
  readonly buffer: MessageBuffer;
  readonly locks: LockTable;
  readonly sessions: SessionRegistry;
  readonly #options: MailboxOptions;
  #consumers: Consumer[] = [];
  #sessionWaiters: (() => void)[] = [];

  constructor(options: MailboxOptions) {
    this.#options = options;
    this.address = options.address;
    this.kind = options.kind;
    this.buffer = new MessageBuffer(options.budget, (message) =>
      this.requiresSession ? (message.content.sessionId ?? '') : '',
    );
    this.locks = new LockTable(options.clock, (message) => {
      this.release(message, true);
    });
    this.sessions = new SessionRegistry(
      options.clock,
      () => this.settings.lockDuration,
      (id, expired) => {
        this.#onSessionFree(id, expired);
      },
    );
  }

  get settings(): ReceivingSettings {
    return this.#options.settings();
  }

  /** The dead-letter queue of an entity with sessions is one without. */
  get requiresSession(): boolean {
    return this.kind === 'main' && this.settings.requiresSession;
  }

  get consumers(): readonly Consumer[] {
    return this.#consumers;
  }

  put(content: MessageContent, arrival: Arrival = {}): void {
    const { clock } = this.#options;
    const sequenceNumber = this.buffer.takeSequenceNumber();
    const message: BrokerMessage = {
      content,
      sequenceNumber,
      enqueuedSequenceNumber: arrival.enqueuedSequenceNumber ?? sequenceNumber,
      enqueuedAt: clock.now(),
      expiresAt: this.#expiryOf(content),
      scheduledFor: undefined,
      deadLetterSource: arrival.deadLetterSource,
      hops: arrival.hops ?? 0,
      state: 'active',
      deliveryCount: arrival.deliveryCount ?? 0,
      lock: undefined,
      expiry: undefined,
      ready: false,
    };
    if (message.expiresAt < Infinity) {
      message.expiry = clock.at(message.expiresAt, () => {
        // Whoever holds the lock may still settle it; it expires when the lock does.
        if (message.lock === undefined) this.#expire(message);
      });
    }
    this.buffer.add(message);
    this.#makeReady(message);
  }

  addConsumer(consumer: Consumer): void {
    this.#consumers.push(consumer);
  }

  removeConsumer(consumer: Consumer): void {
    this.#consumers = this.#consumers.filter((each) => each !== consumer);
    if (consumer.session !== undefined) this.sessions.release(consumer.session);
  }

  detachConsumers(reason: BrokerFault): void {
    for (const consumer of this.#consumers) consumer.detach(reason);
  }

  /** Hands out what can be, one message to a consumer in turn. */
  dispatch(): void {
    const { status } = this.settings;
    if (status === 'Disabled' || status === 'ReceiveDisabled') return;
    for (let idle = 0; idle < this.#consumers.length;) {
      const consumer = this.#consumers.shift();
      if (consumer === undefined) return;
      this.#consumers.push(consumer);
      idle = this.#serve(consumer) ? 0 : idle + 1;
    }
  }

  /** Locks a message for a consumer, or for whoever asked for a deferred one. Returns the token. */
  lock(message: BrokerMessage, sessionId?: string): string {
    if (sessionId !== undefined) {
      return this.locks.lock(message, this.sessions.lockedUntil(sessionId) ?? 0, false);
    }
    return this.locks.lock(message, this.#options.clock.now() + this.settings.lockDuration, true);
  }

  remove(message: BrokerMessage): void {
    this.locks.unlock(message);
    message.expiry?.cancel();
    this.buffer.remove(message);
  }

  deadLetter(message: BrokerMessage, reason: string, description: string): void {
    this.remove(message);
    this.#options.onDeadLetter(message, reason, description);
  }

  /** Takes the lock off, and gives the message to the next one unless it was tried too often or is too old. */
  release(message: BrokerMessage, countsAsDelivery: boolean): void {
    this.locks.unlock(message);
    if (!this.buffer.has(message)) return;
    if (countsAsDelivery) message.deliveryCount++;
    const { maxDeliveryCount } = this.settings;
    if (this.kind === 'main' && countsAsDelivery && message.deliveryCount >= maxDeliveryCount) {
      this.deadLetter(
        message,
        'MaxDeliveryCountExceeded',
        `Message could not be consumed after ${message.deliveryCount} delivery attempts.`,
      );
    } else if (message.expiresAt <= this.#options.clock.now()) {
      this.#expire(message);
    } else if (message.state === 'active') {
      this.#makeReady(message);
    }
  }

  /** The free session whose first message has waited longest. */
  nextSession(): string | undefined {
    let next: { id: string; sequenceNumber: number } | undefined;
    for (const id of this.buffer.lanes()) {
      const first = this.buffer.peekReady(id);
      if (first === undefined || this.sessions.isLocked(id)) continue;
      if (next === undefined || first.sequenceNumber < next.sequenceNumber) {
        next = { id, sequenceNumber: first.sequenceNumber };
      }
    }
    return next?.id;
  }

  /** Calls once, when a session can be accepted; who waits longest is called first. */
  whenSessionFree(call: () => void): () => void {
    this.#sessionWaiters.push(call);
    return () => {
      this.#sessionWaiters = this.#sessionWaiters.filter((each) => each !== call);
    };
  }

  /** Everything from a sequence number on that has not expired, locked or not. */
  peek(from: number, count: number, sessionId?: string): BrokerMessage[] {
    const now = this.#options.clock.now();
    const found: BrokerMessage[] = [];
    for (const message of this.buffer.all()) {
      if (found.length >= count) break;
      if (message.sequenceNumber < from || message.expiresAt <= now) continue;
      if (sessionId !== undefined && message.content.sessionId !== sessionId) continue;
      found.push(message);
    }
    return found;
  }

  setSessionState(id: string, state: Buffer | null): void {
    const { budget } = this.#options;
    if (state !== null) budget.check(state.length);
    budget.add(this.sessions.setState(id, state));
  }

  /** Of those that have messages or state. */
  sessionIds(): string[] {
    const ids = new Set<string>();
    for (const { content } of this.buffer.all()) if (content.sessionId) ids.add(content.sessionId);
    for (const id of this.sessions.withState()) ids.add(id);
    return [...ids].sort();
  }

  clear(): void {
    for (const message of this.buffer.all()) this.remove(message);
  }

  #serve(consumer: Consumer): boolean {
    if (consumer.credit() <= 0 || consumer.session?.held === false) return false;
    for (;;) {
      const message = this.buffer.takeReady(consumer.session?.id ?? '');
      if (message === undefined) return false;
      if (message.expiresAt <= this.#options.clock.now()) {
        this.#expire(message);
        continue;
      }
      if (consumer.receiveAndDelete) this.remove(message);
      else this.lock(message, consumer.session?.id);
      consumer.deliver(message);
      return true;
    }
  }

  #makeReady(message: BrokerMessage): void {
    this.buffer.makeReady(message);
    this.dispatch();
    this.#offerSessions();
  }

  #offerSessions(): void {
    while (this.#sessionWaiters.length > 0 && this.nextSession() !== undefined) {
      this.#sessionWaiters.shift()?.();
    }
  }

  #onSessionFree(id: string, expired: boolean): void {
    for (const message of this.locks.all()) {
      // A session that was closed in order says nothing about its messages; one whose holder was too slow does.
      if (message.content.sessionId === id) this.release(message, expired);
    }
    this.#offerSessions();
  }

  #expire(message: BrokerMessage): void {
    if (!this.buffer.has(message)) return;
    if (this.settings.deadLetteringOnExpiration) {
      this.deadLetter(message, 'TTLExpiredException', 'The message expired and was dead lettered.');
    } else {
      this.remove(message);
    }
  }

  #expiryOf(content: MessageContent): number {
    // Nothing expires in a dead-letter queue.
    if (this.kind !== 'main') return Infinity;
    const lifetime = Math.min(
      content.ttl ?? Infinity,
      this.settings.defaultTimeToLive,
      this.#options.longestLifetime?.() ?? Infinity,
    );
    return this.#options.clock.now() + lifetime;
  }
}
