import type { ConsumerChannel } from './consumer-channel.ts';

/** How the consumers of one receiver are made. */
export interface ConsumersSettings {
  readonly queue: string;
  /** Order matters: two receivers must never hold messages at once. */
  readonly ordered: boolean;
  readonly nextTag: () => string;
}

interface Consumer {
  readonly tag: string;
  readonly prefetch: number;
}

/** A piece of work with the broker; rejects when the channel has ended. */
export type Step = () => Promise<void>;

/**
 * The consumer on a channel, and which step leads to the one that should be there.
 *
 * The prefetch of a consumer cannot be changed: it is cancelled, and another one made. What is on its way to a cancelled
 * consumer of a quorum queue goes back and loses its place, so one is cancelled when all that it may be sent has arrived.
 * In an ordered queue the broker would hand the queue to another process that waits in line, so there it stays as it is.
 */
export class Consumers {
  readonly #settings: ConsumersSettings;
  #consumer: Consumer | undefined;
  /** Another prefetch has waited for long enough for a good moment. */
  impatient = false;

  constructor(settings: ConsumersSettings) {
    this.#settings = settings;
  }

  /** Of the consumer that there is, from the moment that it is asked for; 0 without one. */
  get prefetch(): number {
    return this.#consumer?.prefetch ?? 0;
  }

  /**
   * Returns undefined when it is as it should be, or cannot be made so for now.
   *
   * @param appetite The prefetch that it should be; 0 is no consumer.
   */
  nextStep(channel: ConsumerChannel, appetite: number): Step | undefined {
    const consumer = this.#consumer;
    if (consumer === undefined) {
      return appetite === 0 ? undefined : () => this.#begin(channel, appetite);
    }
    if (consumer.prefetch === appetite) return undefined;
    if (appetite === 0) return () => this.cancel(channel);
    if (this.#settings.ordered) return undefined;
    const now = channel.held.length >= consumer.prefetch || this.impatient;
    return now ? () => this.#goOver(channel, consumer) : undefined;
  }

  /** Ends the consumer, if there is one. */
  async cancel(channel: ConsumerChannel): Promise<void> {
    const consumer = this.#consumer;
    if (consumer === undefined) return;
    await channel.cancel(consumer.tag);
    if (this.#consumer === consumer) this.#consumer = undefined;
  }

  /** They are gone with their channel. */
  forget(): void {
    this.#consumer = undefined;
    this.impatient = false;
  }

  async #begin(channel: ConsumerChannel, prefetch: number): Promise<void> {
    const consumer = this.#newConsumer(prefetch);
    // What it brings comes before the answer is seen here.
    this.#consumer = consumer;
    await channel.consume(this.#settings.queue, consumer.tag, prefetch);
  }

  /** The next step makes another. */
  async #goOver(channel: ConsumerChannel, before: Consumer): Promise<void> {
    this.#consumer = undefined;
    this.impatient = false;
    await channel.cancel(before.tag);
  }

  #newConsumer(prefetch: number): Consumer {
    return { tag: this.#settings.nextTag(), prefetch };
  }
}
