import type { BrokerClock } from '../clock/broker-clock.ts';
import { amqpTypes } from '../message/amqp-types.ts';
import type { MessageContent } from '../message/message-content.ts';
import { BrokerFault } from './broker-fault.ts';
import type { ReceivingSettings } from './entity-settings.ts';
import { type Arrival, Mailbox, type MailboxKind } from './mailbox.ts';
import type { MemoryBudget } from './memory-budget.ts';
import type { Forward, Origin } from './origin.ts';

const subQueueSuffix: Record<MailboxKind, string> = {
  main: '',
  deadLetters: '/$DeadLetterQueue',
  transferDeadLetters: '/$Transfer/$DeadLetterQueue',
};

export interface MailboxesOptions {
  readonly address: string;
  readonly clock: BrokerClock;
  readonly budget: MemoryBudget;
  readonly settings: () => ReceivingSettings;
  readonly forward: Forward;
  readonly longestLifetime?: () => number;
}

/** What queues and subscriptions are alike in: messages wait, are forwarded or are dead-lettered. */
export class Mailboxes {
  readonly main: Mailbox;
  readonly deadLetters: Mailbox;
  readonly transferDeadLetters: Mailbox;
  readonly #options: MailboxesOptions;

  constructor(options: MailboxesOptions) {
    this.#options = options;
    this.main = this.#open('main');
    this.deadLetters = this.#open('deadLetters');
    this.transferDeadLetters = this.#open('transferDeadLetters');
  }

  get all(): readonly Mailbox[] {
    return [this.main, this.deadLetters, this.transferDeadLetters];
  }

  arrive(content: MessageContent, origin: Origin): void {
    const { forwardTo, requiresSession } = this.#options.settings();
    if (forwardTo !== undefined) {
      this.#forward(forwardTo, content, origin);
    } else if (requiresSession && content.sessionId === undefined) {
      // A sender is refused before; this one comes from a topic or another queue, whose sender is gone.
      this.bury(
        content,
        'Session ID is null.',
        "Session enabled entity doesn't allow a message whose session identifier is null.",
        origin,
      );
    } else {
      this.main.put(content, origin);
    }
  }

  /** Marks a message with the reason and puts it where the dead letters of this entity go. */
  bury(content: MessageContent, reason: string, description: string, arrival: Arrival = {}): void {
    const { address, settings, forward } = this.#options;
    const { forwardDeadLetteredTo } = settings();
    if (forwardDeadLetteredTo !== undefined) {
      mark(content, reason, description);
      try {
        forward(forwardDeadLetteredTo, content, {
          // Counted on, or a circle of dead letters that expire would never end.
          hops: (arrival.hops ?? 0) + 1,
          enqueuedSequenceNumber: arrival.enqueuedSequenceNumber,
          deadLetterSource: address,
        });
        return;
      } catch (error) {
        // It stays here, where it would be without forwarding.
        if (!(error instanceof BrokerFault)) throw error;
      }
    }
    this.#put(this.deadLetters, content, reason, description, arrival);
  }

  #forward(to: string, content: MessageContent, origin: Origin): void {
    try {
      this.#options.forward(to, content, { ...origin, hops: origin.hops + 1 });
    } catch (error) {
      if (!(error instanceof BrokerFault)) throw error;
      this.#put(this.transferDeadLetters, content, transferReason(error), error.message, origin);
    }
  }

  #put(
    mailbox: Mailbox,
    content: MessageContent,
    reason: string,
    description: string,
    arrival: Arrival,
  ): void {
    mark(content, reason, description);
    mailbox.put(content, arrival);
  }

  #open(kind: MailboxKind): Mailbox {
    const { address, ...rest } = this.#options;
    return new Mailbox({
      ...rest,
      address: `${address}${subQueueSuffix[kind]}`,
      kind,
      onDeadLetter: (message, reason, description) => {
        const { sequenceNumber, deliveryCount, hops } = message;
        this.bury(message.content, reason, description, {
          enqueuedSequenceNumber: sequenceNumber,
          deliveryCount,
          hops,
        });
      },
    });
  }
}

function mark(content: MessageContent, reason: string, description: string): void {
  const texts = { DeadLetterReason: reason, DeadLetterErrorDescription: description };
  for (const [name, text] of Object.entries(texts)) {
    // A client may dead-letter without a word.
    if (text !== '') content.setApplicationProperty(name, amqpTypes.wrap_string(text));
  }
}

function transferReason({ condition }: BrokerFault): string {
  switch (condition) {
    case 'amqp:not-found':
      return 'MessagingEntityNotFoundException';
    case 'com.microsoft:entity-disabled':
      return 'MessagingEntityDisabledException';
    case 'amqp:resource-limit-exceeded':
      return 'QuotaExceededException';
    case 'com.microsoft:max-hop-count-exceeded':
      return 'MaxTransferHopCountExceeded';
    default:
      return condition;
  }
}
