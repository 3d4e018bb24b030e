import type { BrokerClock } from '../clock/broker-clock.ts';
import type { MessageContent } from '../message/message-content.ts';
import {
  BrokerFault,
  entityDisabled,
  invalidArgument,
  messageTooLarge,
  notAllowed,
} from './broker-fault.ts';
import { DuplicateHistory } from './duplicate-history.ts';
import type { SendingSettings } from './entity-settings.ts';
import { fixedLimits, type Limits } from './limits.ts';
import { weight } from './message-buffer.ts';
import type { MemoryBudget } from './memory-budget.ts';
import { fromSender, type Origin } from './origin.ts';
import type { Schedule } from './schedule.ts';

export interface IntakeOptions {
  readonly name: string;
  readonly clock: BrokerClock;
  readonly limits: Limits;
  readonly budget: MemoryBudget;
  readonly schedule: Schedule;
  readonly settings: () => SendingSettings & { readonly requiresSession?: boolean };
  readonly arrive: (content: MessageContent, origin: Origin) => void;
}

/** What queues and topics are alike in: messages are checked, recognised as duplicates, or scheduled. */
export class Intake {
  readonly #options: IntakeOptions;
  readonly #duplicates: DuplicateHistory;

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.#duplicates = new DuplicateHistory(
      options.clock,
      () => options.settings().duplicateDetectionWindow,
    );
  }

  get maxMessageSize(): number {
    const kilobytes = this.#options.settings().maxMessageSizeInKilobytes;
    return kilobytes === undefined ? this.#options.limits.messageSize : kilobytes * 1024;
  }

  get maxBatchSize(): number {
    return this.#options.limits.batchSize;
  }

  /** All of the messages are taken, or none. */
  send(contents: readonly MessageContent[]): void {
    this.#check(contents);
    for (const content of contents) {
      const at = scheduledTime(content);
      if (at !== undefined && at > this.#options.clock.now()) this.#schedule(content, at);
      else this.receive(content, fromSender);
    }
  }

  /** Returns the numbers to cancel by. */
  schedule(contents: readonly MessageContent[]): number[] {
    this.#check(contents);
    return contents.map((content) => this.#schedule(content, scheduledTime(content) ?? 0));
  }

  /** Takes a message that needs no more checks. */
  receive(content: MessageContent, origin: Origin): void {
    if (this.#isDuplicate(content)) return;
    this.#options.arrive(content, origin);
  }

  checkSendable(): void {
    const { status } = this.#options.settings();
    if (status === 'Disabled' || status === 'SendDisabled') {
      throw entityDisabled(this.#options.name);
    }
  }

  checkSpace(contents: readonly MessageContent[]): void {
    this.#options.budget.check(contents.reduce((sum, { size }) => sum + weight(size), 0));
  }

  #schedule(content: MessageContent, at: number): number {
    // A duplicate gets a number too: its sender must not notice.
    const { schedule } = this.#options;
    return this.#isDuplicate(content) ? schedule.skip() : schedule.add(content, at);
  }

  #isDuplicate(content: MessageContent): boolean {
    return (
      this.#options.settings().requiresDuplicateDetection &&
      this.#duplicates.isDuplicate(content.messageId)
    );
  }

  #check(contents: readonly MessageContent[]): void {
    this.checkSendable();
    for (const content of contents) {
      checkContent(content, this.maxMessageSize);
      if (this.#options.settings().requiresSession === true && content.sessionId === undefined) {
        throw notAllowed(
          `The SessionId was not set on a message, and it cannot be sent to the entity '${this.#options.name}', which requires sessions.`,
        );
      }
    }
    this.checkSpace(contents);
  }
}

function scheduledTime(content: MessageContent): number | undefined {
  const at = content.annotation('x-opt-scheduled-enqueue-time');
  return at instanceof Date ? at.getTime() : typeof at === 'number' ? at : undefined;
}

function checkContent(content: MessageContent, maxMessageSize: number): void {
  if (content.size > maxMessageSize) throw messageTooLarge(content.size, maxMessageSize);
  if (content.headerSize > fixedLimits.headerSize) {
    throw new BrokerFault(
      'amqp:link:message-size-exceeded',
      400,
      `The header of the message (${content.headerSize} bytes) exceeds the limit of ${fixedLimits.headerSize} bytes.`,
    );
  }
  checkLength('MessageId', content.messageId, fixedLimits.messageIdLength);
  checkLength('SessionId', content.sessionId, fixedLimits.sessionIdLength);
  const partitionKey = content.annotation('x-opt-partition-key');
  if (typeof partitionKey === 'string') {
    checkLength('PartitionKey', partitionKey, fixedLimits.partitionKeyLength);
    if (content.sessionId !== undefined && content.sessionId !== partitionKey) {
      throw invalidArgument(
        `The PartitionKey '${partitionKey}' and the SessionId '${content.sessionId}' of a message must be the same.`,
      );
    }
  }
  for (const [name, { value }] of content.applicationProperties) {
    const bytes =
      typeof value === 'string' || Buffer.isBuffer(value) ? Buffer.byteLength(value) : 0;
    if (name.length + bytes > fixedLimits.propertySize) {
      throw invalidArgument(
        `The application property '${name.slice(0, 40)}' has ${bytes} bytes; it may have ${fixedLimits.propertySize}.`,
      );
    }
  }
}

function checkLength(name: string, value: string | undefined, longest: number): void {
  if (value === undefined || value.length <= longest) return;
  throw invalidArgument(
    `The ${name} of a message has ${value.length} characters; it may have ${longest}.`,
  );
}
