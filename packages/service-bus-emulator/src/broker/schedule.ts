import type { BrokerClock } from '../clock/broker-clock.ts';
import type { MessageContent } from '../message/message-content.ts';
import { messageNotFound } from './broker-fault.ts';
import type { BrokerMessage } from './broker-message.ts';
import type { MessageBuffer } from './message-buffer.ts';

/** Messages that wait for their time, in the buffer of the entity that they were sent to. */
export class Schedule {
  readonly #clock: BrokerClock;
  readonly #buffer: MessageBuffer;
  readonly #onDue: (content: MessageContent, sequenceNumber: number) => void;
  #size = 0;

  constructor(
    clock: BrokerClock,
    buffer: MessageBuffer,
    onDue: (content: MessageContent, sequenceNumber: number) => void,
  ) {
    this.#clock = clock;
    this.#buffer = buffer;
    this.#onDue = onDue;
  }

  get size(): number {
    return this.#size;
  }

  /** Returns the number by which it can be cancelled; it gets another when its time has come. */
  add(content: MessageContent, at: number): number {
    const sequenceNumber = this.#buffer.takeSequenceNumber();
    const message: BrokerMessage = {
      content,
      sequenceNumber,
      enqueuedSequenceNumber: sequenceNumber,
      enqueuedAt: this.#clock.now(),
      expiresAt: Infinity,
      scheduledFor: at,
      deadLetterSource: undefined,
      hops: 0,
      state: 'scheduled',
      deliveryCount: 0,
      lock: undefined,
      expiry: undefined,
      ready: false,
    };
    message.expiry = this.#clock.at(at, () => {
      this.#remove(message);
      this.#onDue(content, sequenceNumber);
    });
    this.#buffer.add(message);
    this.#size++;
    return sequenceNumber;
  }

  /** A number for a message that is not kept. */
  skip(): number {
    return this.#buffer.takeSequenceNumber();
  }

  /** All of them, or none when one of them is not scheduled here. */
  cancel(sequenceNumbers: readonly number[]): void {
    const messages = sequenceNumbers.map((number) => {
      const message = this.#buffer.get(number);
      if (message?.state !== 'scheduled') throw messageNotFound(number);
      return message;
    });
    for (const message of messages) this.#remove(message);
  }

  clear(): void {
    for (const message of this.#buffer.all()) {
      if (message.state === 'scheduled') this.#remove(message);
    }
  }

  #remove(message: BrokerMessage): void {
    if (!this.#buffer.has(message)) return;
    message.expiry?.cancel();
    this.#buffer.remove(message);
    this.#size--;
  }
}
