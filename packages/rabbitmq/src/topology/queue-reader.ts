import type { Channel, ConsumeMessage, Message } from 'amqplib';
import { BusbarError, type Clock, pause } from '@busbar/core';
import { isReply } from '../connection/amqp-error.ts';
import type { Topology } from './topology.ts';
import { brokerText, toBusbarError } from './refusal.ts';

/** The most that a consumer can hold. */
export const mostHeld = 65_535;

/** How long any single answer may take: a queue without a leader gives none. */
const answerMs = 10_000;
/** After this long without a message the broker is asked whether there are more. */
const idleMs = 100;
/** For how long messages may wait in the queue and none come. */
const stuckMs = 3_000;
/** For how long what was given back may take to be counted again. */
const returnMs = 1_000;

/**
 * A quorum queue's client, inside of the broker, sends no more than 32 commands ahead. Further acknowledgements wait in it
 * until something was answered, and are lost when the channel closes before: measured, 66 of 100.
 */
const mostAcksAhead = 25;

/** What the consumers of a channel hold comes back by their age, or in the order of their tags. */
const consumerTags = { reading: 'busbar-1', flushing: 'busbar-2' } as const;

/** What to do after a message. */
export type ReadStep = 'more' | 'enough';

/**
 * Takes messages out of a queue to look at them. Those that are not acknowledged go back to their old places when it is
 * closed.
 *
 * It consumes and then closes its channel, because nothing else keeps the order (measured on 3.10 and 4.0): a quorum queue
 * without a delivery limit puts what is rejected at its end, and messages that were fetched one by one (`basic.get`) come
 * back in the order "1", "10", "2".
 */
export class QueueReader {
  readonly #channel: Channel;
  readonly #clock: Clock;
  readonly #queue: string;
  /** Taken and not acknowledged. */
  #held = 0;
  #acks = 0;
  #broken: Error | undefined;
  #wake: (() => void) | undefined;

  private constructor(channel: Channel, clock: Clock, queue: string) {
    this.#channel = channel;
    this.#clock = clock;
    this.#queue = queue;
    channel.on('error', (error: Error) => this.#break(error));
    channel.on('close', () => this.#break(new Error('the channel was closed')));
    // Without it, what a consumer throws ends the connection; and so does a message that comes after the cancellation.
    channel.on('handler-error', (error: Error) => {
      if (!error.message.startsWith('Unknown consumer')) this.#break(error);
    });
  }

  /** @throws BusbarError MISSING_QUEUE, TRANSPORT_UNAVAILABLE */
  static async open({ side, host }: Topology, queue: string): Promise<QueueReader> {
    const what = `looking into the queue "${queue}"`;
    try {
      const channel = await side.run(what, async (_, session) =>
        session.connection.createChannel(),
      );
      return new QueueReader(channel, host.clock, queue);
    } catch (error) {
      throw toBusbarError(error, what);
    }
  }

  /**
   * The number of messages that can be read; one that was given back a moment ago may not be counted.
   *
   * @throws BusbarError MISSING_QUEUE, TRANSPORT_UNAVAILABLE
   */
  async waiting(): Promise<number> {
    return (await this.#answer(this.#channel.checkQueue(this.#queue))).messageCount;
  }

  /**
   * Reads until `see` has enough, or nothing is left, or `most` were read. Once. What was on its way by then is seen, too:
   * it was delivered.
   *
   * @throws BusbarError MISSING_QUEUE, TRANSPORT_UNAVAILABLE
   */
  async read(most: number, see: (message: Message) => ReadStep): Promise<void> {
    let seen = 0;
    let done = false;
    const take = (message: Message | null): void => {
      if (message === null) {
        this.#break(new Error('the queue was deleted'));
        return;
      }
      this.#held += 1;
      seen += 1;
      if (see(message) === 'enough' || seen >= most) done = true;
      this.#wake?.();
    };
    const consumerTag = consumerTags.reading;
    await this.#answer(this.#channel.prefetch(Math.min(most, mostHeld)));
    await this.#answer(this.#channel.consume(this.#queue, take, { consumerTag }));
    await this.#untilQuiet(
      () => done,
      () => seen,
    );
    await this.#answer(this.#channel.cancel(consumerTag));
  }

  /** @throws BusbarError TRANSPORT_UNAVAILABLE when it has gone back already */
  ack(message: Message): void {
    if (this.#broken !== undefined) throw this.#failure(this.#broken);
    this.#channel.ack(message);
    this.#held -= 1;
    this.#acks += 1;
  }

  /** Gives back what is held; afterwards it can be counted and read again. Never rejects. */
  async close({ declarations }: Topology): Promise<void> {
    if (this.#acks > mostAcksAhead) await this.#flush().catch(() => undefined);
    const before = await this.waiting().catch(() => undefined);
    try {
      await this.#limited(this.#channel.close());
    } catch {
      // It was closed already, or the broker does not answer; the messages go back in any case.
    }
    if (this.#held === 0 || before === undefined) return;
    const end = this.#clock.monotonic() + returnMs;
    // The broker says that it is closed before the messages are back.
    while (this.#clock.monotonic() < end) {
      const now = await declarations.waiting(this.#queue).catch(() => undefined);
      if (now === undefined || now >= before + this.#held) return;
      await pause(this.#clock, 5);
    }
  }

  /** Cancelling is answered when all acknowledgements before it have reached the queue. */
  async #flush(): Promise<void> {
    await this.#answer(this.#channel.prefetch(1));
    const take = (message: ConsumeMessage | null): void => {
      if (message !== null) this.#held += 1;
    };
    const consumerTag = consumerTags.flushing;
    await this.#answer(this.#channel.consume(this.#queue, take, { consumerTag }));
    await this.#answer(this.#channel.cancel(consumerTag));
  }

  async #untilQuiet(done: () => boolean, seen: () => number): Promise<void> {
    let last = seen();
    let since = this.#clock.monotonic();
    while (!done()) {
      await this.#delivery();
      if (this.#broken !== undefined) throw this.#failure(this.#broken);
      if (done()) return;
      const now = this.#clock.monotonic();
      if (seen() !== last) {
        last = seen();
        since = now;
      } else if (now - since >= idleMs) {
        const waiting = await this.waiting();
        if (seen() !== last) continue;
        if (waiting === 0) return;
        if (now - since >= stuckMs) throw this.#stuck(waiting);
      }
    }
  }

  /** Resolves at the next message, or after a while. */
  async #delivery(): Promise<void> {
    const waited = new AbortController();
    this.#wake = () => waited.abort();
    await pause(this.#clock, idleMs, waited.signal);
    this.#wake = undefined;
  }

  async #answer<T>(asked: Promise<T>): Promise<T> {
    try {
      return await this.#limited(asked);
    } catch (error) {
      throw this.#failure(this.#broken ?? error);
    }
  }

  async #limited<T>(asked: Promise<T>): Promise<T> {
    const answered = new AbortController();
    const late = pause(this.#clock, answerMs, answered.signal).then(() => {
      if (answered.signal.aborted) return undefined as never;
      throw new BusbarError(
        'TRANSPORT_UNAVAILABLE',
        `RabbitMQ gave no answer about the queue "${this.#queue}" within ${answerMs / 1_000} s.`,
        { details: { queue: this.#queue } },
      );
    });
    try {
      return await Promise.race([asked, late]);
    } finally {
      answered.abort();
    }
  }

  #failure(error: unknown): BusbarError {
    if (isReply(error, 'notFound')) {
      return new BusbarError('MISSING_QUEUE', `RabbitMQ: ${brokerText(error)}.`, {
        details: { queue: this.#queue },
        cause: error,
      });
    }
    return toBusbarError(error, `looking into the queue "${this.#queue}"`);
  }

  #stuck(waiting: number): BusbarError {
    return new BusbarError(
      'TRANSPORT_UNAVAILABLE',
      `RabbitMQ hands out none of the ${waiting} messages in the queue "${this.#queue}".`,
      {
        help: 'Look at the queue with the tools of the broker: it has no leader, or another consumer has it for itself.',
        details: { queue: this.#queue },
      },
    );
  }

  #break(error: Error): void {
    this.#broken ??= error;
    this.#wake?.();
  }
}
