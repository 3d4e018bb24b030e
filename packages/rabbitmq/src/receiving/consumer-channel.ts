import type { Channel, ConsumeMessage } from 'amqplib';
import type { Session } from '../connection/link.ts';
import { AckFrames } from './ack-frames.ts';
import type { RabbitMqDelivery } from './rabbitmq-delivery.ts';

/** Acknowledgements that the broker passes on to a quorum queue before it waits for the queue; a margin included. */
const mostUnapplied = 16;

/** Whom a channel calls. Must not throw: amqplib closes the channel then, or the whole connection. */
export interface ChannelOwner {
  arrived(message: ConsumeMessage, channel: ConsumerChannel): void;
  /** The broker takes a consumer away: its queue was removed, has moved, or a delivery took too long. */
  cancelled(channel: ConsumerChannel): void;
  /** It was closed, by whomever; called once. */
  closed(channel: ConsumerChannel, reason: Error | undefined): void;
}

/** A channel with consumers, and what the broker waits to hear of on it. */
export class ConsumerChannel {
  readonly #channel: Channel;
  readonly #owner: ChannelOwner;
  readonly #acks: AckFrames;
  readonly #held: RabbitMqDelivery[] = [];
  readonly #ended = Promise.withResolvers<void>();
  #open = true;
  #reason: Error | undefined;
  #closing: Promise<boolean> | undefined;

  private constructor(channel: Channel, owner: ChannelOwner) {
    this.#channel = channel;
    this.#acks = new AckFrames(channel);
    this.#owner = owner;
    // Without a listener the event alone would end the process.
    channel.on('error', (error) => {
      this.#reason = error;
    });
    channel.on('close', () => {
      this.#open = false;
      this.#acks.forget();
      this.#ended.resolve();
      owner.closed(this, this.#reason);
    });
  }

  static async open({ connection }: Session, owner: ChannelOwner): Promise<ConsumerChannel> {
    return new ConsumerChannel(await connection.createChannel(), owner);
  }

  /** What was consumed on it can be settled. */
  get open(): boolean {
    return this.#open;
  }

  /** Sent to us and not settled. */
  get held(): readonly RabbitMqDelivery[] {
    return this.#held;
  }

  async consume(queue: string, consumerTag: string, prefetch: number): Promise<void> {
    // Counts for the consumers that are made from then on.
    await this.#channel.prefetch(prefetch);
    await this.#channel.consume(queue, this.#arrived, { consumerTag });
  }

  /** When it resolves, all that the consumer was sent has arrived. */
  async cancel(consumerTag: string): Promise<void> {
    // One that arrived first would have another message sent to a consumer that is going to be cancelled.
    this.#acks.inOrder = true;
    try {
      await this.#channel.cancel(consumerTag);
    } finally {
      this.#acks.inOrder = false;
    }
  }

  /**
   * Has the broker pass on all that was settled. Its channel sends a quorum queue some dozens of acknowledgements and the
   * rest when those are applied, but forgets the rest when it is closed; what a consumer asks for comes behind them. Such a
   * consumer may be sent a message, which goes back; so it is made only where so many were acknowledged.
   */
  async flush(queue: string, consumerTag: string): Promise<void> {
    this.#acks.flush();
    if (!this.#open || this.#acks.recent < mostUnapplied) return;
    try {
      await this.#channel.prefetch(1);
      // What comes is not looked at: it goes back with the channel.
      await this.#channel.consume(queue, () => {}, { consumerTag });
      await this.cancel(consumerTag);
    } catch {
      // The queue or the channel is gone.
    }
  }

  hold(delivery: RabbitMqDelivery): void {
    delivery.place = this.#held.length;
    this.#held.push(delivery);
  }

  /** Another delivery of the same message, instead of the first. */
  replace(before: RabbitMqDelivery, after: RabbitMqDelivery): void {
    before.ended = true;
    after.place = before.place;
    this.#held[before.place] = after;
  }

  /**
   * Acknowledges it at the end of the turn. Returns false when it is not ours any more: the channel is closed, or it was
   * given back. When the channel closes meanwhile it comes again, as if the network had lost the acknowledgement.
   */
  ack(delivery: RabbitMqDelivery): boolean {
    if (!this.#open || delivery.ended) return false;
    this.#acks.add(delivery.tag);
    this.#forget(delivery);
    return true;
  }

  /** The same at once, and false as well when its connection is being closed. */
  ackAtOnce(delivery: RabbitMqDelivery): boolean {
    if (!this.#open || delivery.ended) return false;
    try {
      this.#acks.addAtOnce(delivery.tag);
    } catch {
      return false;
    }
    this.#forget(delivery);
    return true;
  }

  /**
   * Gives it back for anybody. RabbitMQ before 4.3 counts a delivery of a quorum queue in any case; since then
   * `basic.reject` counts a failure and `basic.nack` does not.
   */
  giveBack(delivery: RabbitMqDelivery, failed: boolean): void {
    if (!this.#open || delivery.ended) return;
    try {
      if (failed) this.#channel.reject(delivery.native, true);
      else this.#channel.nack(delivery.native, false, true);
    } catch {
      // The broker does it by itself when the channel is gone.
    }
    this.#forget(delivery);
  }

  /** All that is held ends: the broker gives it to others. */
  drop(): RabbitMqDelivery[] {
    const held = this.#held.splice(0);
    for (const delivery of held) delivery.ended = true;
    return held;
  }

  /** Resolves when it is closed: with true when the broker has answered, and so has seen all that was settled. */
  close(): Promise<boolean> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<boolean> {
    if (!this.#open) return false;
    this.#acks.flush();
    this.#open = false;
    let answered = false;
    const closing = this.#channel.close().then(
      () => {
        answered = true;
      },
      () => undefined,
    );
    // The promise of amqplib stays open for ever when the connection ends first.
    await Promise.race([closing, this.#ended.promise]);
    return answered;
  }

  readonly #arrived = (message: ConsumeMessage | null): void => {
    if (message === null) this.#owner.cancelled(this);
    else this.#owner.arrived(message, this);
  };

  #forget(delivery: RabbitMqDelivery): void {
    delivery.ended = true;
    const { place } = delivery;
    if (this.#held[place] !== delivery) return;
    const last = this.#held.pop() as RabbitMqDelivery;
    if (last === delivery) return;
    this.#held[place] = last;
    last.place = place;
  }
}
