import type { Channel } from 'amqplib';
import { BusbarError, type Clock, pause } from '@busbar/core';
import type { Link, Session } from './link.ts';

type Work<T> = (channel: Channel, session: Session) => Promise<T>;

/**
 * One channel for declaring, checking and looking, opened again after each error: what the broker refuses closes the
 * channel, and must close none that carries messages. One piece of work at a time.
 */
export class SideChannel {
  readonly #link: Link;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  #open: { readonly session: Session; readonly channel: Channel } | undefined;
  #queue: Promise<unknown> = Promise.resolve();

  /** @param timeoutMs For how long an outage is waited for, and how long a piece of work may take when its turn has come. */
  constructor(link: Link, clock: Clock, timeoutMs: number) {
    this.#link = link;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Does `work` when its turn comes. It must leave nothing open on the channel, such as a consumer or an unsettled
   * message. The broker's refusals reject as they are, see `replyCodeOf`.
   *
   * @param what For the error, such as `declaring the queue "sales"`.
   * @throws BusbarError TRANSPORT_UNAVAILABLE
   */
  run<T>(what: string, work: Work<T>): Promise<T> {
    const deadline = this.#clock.monotonic() + this.#timeoutMs;
    const result = this.#queue.then(() => this.#inTurn(what, work, deadline));
    this.#queue = result.catch(() => undefined);
    return result;
  }

  async #inTurn<T>(what: string, work: Work<T>, deadline: number): Promise<T> {
    // All that was asked for during an outage fails together, not one after the other.
    const session = await this.#link.whenUp(Math.max(0, deadline - this.#clock.monotonic()));
    const over = new AbortController();
    const tooLong = pause(this.#clock, this.#timeoutMs, over.signal).then(() => {
      if (over.signal.aborted) return undefined as never;
      throw new BusbarError(
        'TRANSPORT_UNAVAILABLE',
        `RabbitMQ gave no answer within ${this.#timeoutMs / 1_000} s when ${what}.`,
      );
    });
    try {
      return await Promise.race([this.#work(session, work, over.signal), tooLong]);
    } catch (error) {
      // The channel may be closed, or be in the middle of something.
      this.#drop();
      if (this.#link.session === session) throw error;
      throw new BusbarError(
        'TRANSPORT_UNAVAILABLE',
        `The connection to RabbitMQ was lost when ${what}.`,
        { cause: error },
      );
    } finally {
      over.abort();
    }
  }

  async #work<T>(session: Session, work: Work<T>, over: AbortSignal): Promise<T> {
    if (this.#open?.session === session) return work(this.#open.channel, session);
    const channel = await session.connection.createChannel();
    // What fails rejects the work; the event alone would end the process.
    channel.on('error', () => undefined);
    if (over.aborted) {
      close(channel);
      throw new Error('Its turn is over.');
    }
    channel.on('close', () => {
      if (this.#open?.channel === channel) this.#open = undefined;
    });
    this.#open = { session, channel };
    return work(channel, session);
  }

  #drop(): void {
    const channel = this.#open?.channel;
    this.#open = undefined;
    if (channel !== undefined) close(channel);
  }
}

/** A closed channel throws, and one that hangs is not waited for. */
function close(channel: Channel): void {
  void channel.close().catch(() => undefined);
}
