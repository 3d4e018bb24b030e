import type { DispatchResult } from '@busbar/core';
import { replyCodes } from '../connection/amqp-error.ts';
import type { Publication } from './publication.ts';

/** How often one message is written, over the lives of channels and connections. */
const mostWrites = 5;

/** What became of a publication, with what only the publishing side needs to know. */
export interface Outcome {
  readonly result: DispatchResult;
  /** It was never written to a socket. */
  readonly untried?: boolean;
  /** The broker has said no, and would again; it is not stored. */
  readonly refused?: boolean;
  /** The exchange is gone, or leads nowhere though it should; it may be made again. */
  readonly exchangeMissing?: boolean;
}

/** What the broker says when it gives a message back. */
export interface ReturnFields {
  readonly replyText: string;
  readonly replyCode: number;
}

/** A publication from the moment it is accepted until its outcome is known. */
export class Slot {
  readonly publication: Publication;
  /** By the monotonic clock. */
  readonly deadline: number;
  /** How often it was written to a socket. */
  writes = 0;
  /** The last time, by the monotonic clock. */
  writtenAt = 0;
  /** What the broker said when it gave the message back because no queue takes it. */
  returned: string | undefined;
  done = false;
  /** Where {@link Outstanding} keeps it; for that one alone. */
  isOutstanding = false;
  before: Slot | undefined;
  after: Slot | undefined;
  readonly #end: (outcome: Outcome) => void;

  constructor(publication: Publication, deadline: number, end: (outcome: Outcome) => void) {
    this.publication = publication;
    this.deadline = deadline;
    this.#end = end;
  }

  get bytes(): number {
    return this.publication.content.length;
  }

  /** The broker has no queue for it; what it says comes before the confirm. */
  giveBack({ replyText, replyCode }: ReturnFields): void {
    const { exchange, routingKey } = this.publication;
    this.returned =
      exchange === ''
        ? `the queue "${routingKey}" does not exist (${replyCode} ${replyText})`
        : `no queue takes what "${exchange}" gets with the key "${routingKey}" (${replyCode} ${replyText})`;
  }

  confirmed(): void {
    if (this.returned === undefined) this.#finish(confirmed);
    else this.undeliverable(this.returned, this.publication.exchange !== '');
  }

  nacked(): void {
    const why = 'a queue is full or has no majority of its nodes';
    const reason = `RabbitMQ refused it (basic.nack): ${why}`;
    this.#finish({ result: { outcome: 'unknown', reason }, refused: true });
  }

  /** The broker has closed the channel over it. */
  refused(reason: Error, code: number): void {
    const why = reason.message.replace(/^Channel closed by server: /, '');
    const what = code === replyCodes.accessRefused ? 'the user has no right to it' : 'it';
    this.undeliverable(`RabbitMQ refused ${what}: ${why}`, code === replyCodes.notFound);
  }

  /**
   * Ends it when the client cannot encode it: then it never can. Returns false when the channel had closed before it was
   * written.
   */
  endIfNotEncodable(error: Error): boolean {
    if (error.name === 'IllegalOperationError') return false;
    this.undeliverable(`it cannot be encoded for AMQP: ${error.message}`);
    return true;
  }

  undeliverable(reason: string, exchangeMissing = false): void {
    this.#finish({ result: { outcome: 'undeliverable', reason }, refused: true, exchangeMissing });
  }

  /** The end of one whose storing cannot be told, or that was never written. */
  unknown(reason: string): void {
    this.#finish({ result: { outcome: 'unknown', reason }, untried: this.writes === 0 });
  }

  /** After its channel was lost. Ends it when it was written too often. */
  mayBeWrittenAgain(): boolean {
    this.returned = undefined;
    if (this.writes >= mostWrites) {
      this.unknown(
        `the connection to RabbitMQ was lost ${mostWrites} times before it was confirmed`,
      );
    }
    return !this.done;
  }

  /** Returns whether it has ended. @param seconds the confirm timeout */
  endIfOverdue(now: number, seconds: number, why: string): boolean {
    if (this.done) return true;
    if (this.deadline > now) return false;
    this.unknown(
      this.writes === 0
        ? `It could not be sent within ${seconds} s. ${why}`
        : `RabbitMQ did not confirm it within ${seconds} s. ${why}`,
    );
    return true;
  }

  #finish(outcome: Outcome): void {
    if (this.done) return;
    this.done = true;
    this.#end(outcome);
  }
}

const confirmed: Outcome = { result: { outcome: 'confirmed' } };
