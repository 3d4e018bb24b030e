import type { ConsumeMessage } from 'amqplib';
import { BusbarError, type Timer, type TransportHost, asError } from '@busbar/core';
import type { Link } from '../connection/link.ts';
import { type ChannelOwner, ConsumerChannel } from './consumer-channel.ts';
import { Consumers, type ConsumersSettings, type Step } from './consumers.ts';
import { consumeRefusal } from './consume-refusal.ts';
import { RetryDelay } from './retry-delay.ts';

/** What fetches for it sees of a receiver. */
export interface ConsumptionOwner {
  /** The most messages that may be held at once; 0 is none at all. Asked whenever it may have changed. */
  appetite(): number;
  arrived(message: ConsumeMessage, channel: ConsumerChannel): void;
  /** Nothing comes any more, since there is no appetite: what waits goes back. */
  nothingComes(): void;
  /** The channel is gone; what it held is for others. */
  lost(channel: ConsumerChannel, reason: string): void;
}

/** How one receiver consumes. */
export interface ConsumptionSettings extends ConsumersSettings {
  /** For how long a start waits for the broker. */
  readonly startWithinMs: number;
  /** The broker refuses to deliver, after it did. Called once until it does again; must not throw. */
  readonly refused: (error: BusbarError) => void;
}

const firstRetryMs = 100;
const longestRetryMs = 5_000;
/** A refusal lasts until somebody does something about it. */
const refusedRetryMs = 1_000;
/** A channel that lived so long was well. */
const soundMs = 10_000;
/** For so long another prefetch waits for a good moment; a queue that brings little has none. */
const impatientMs = 1_000;

const channelClosed = 'the channel was closed';
const consumerCancelled = 'RabbitMQ has cancelled the consumer';

/**
 * Keeps a consumer with the prefetch that its owner has appetite for, over the lives of channels and connections, from
 * start to end. Whatever happens only wakes one worker, which looks at how things are and takes the next step towards how
 * they should be, until there is none: what happens during a step is seen after it.
 */
export class Consumption implements ChannelOwner {
  readonly #link: Link;
  readonly #host: TransportHost;
  readonly #settings: ConsumptionSettings;
  readonly #owner: ConsumptionOwner;
  readonly #consumers: Consumers;
  readonly #retry: RetryDelay;
  readonly #started = Promise.withResolvers<void>();
  #state: 'new' | 'starting' | 'on' | 'ended' = 'new';
  #stopListening: () => void = () => {};
  #patience: Timer | undefined;
  #impatience: Timer | undefined;
  #working: Promise<void> | undefined;
  #ending: Promise<void> | undefined;
  #channel: ConsumerChannel | undefined;
  #channelSince = 0;
  /** The owner knows that nothing comes. */
  #still = false;
  #problem: string | undefined;
  #refused = false;

  constructor(
    link: Link,
    host: TransportHost,
    settings: ConsumptionSettings,
    owner: ConsumptionOwner,
  ) {
    this.#link = link;
    this.#host = host;
    this.#settings = settings;
    this.#owner = owner;
    this.#consumers = new Consumers(settings);
    this.#retry = new RetryDelay(host.clock, firstRetryMs, longestRetryMs);
  }

  /** Why nothing comes, as far as it is known here. */
  get problem(): string | undefined {
    return this.#problem;
  }

  get channel(): ConsumerChannel | undefined {
    return this.#channel;
  }

  /** Of the consumer that there is; 0 without one. */
  get prefetch(): number {
    return this.#consumers.prefetch;
  }

  /**
   * Resolves with the first consumer.
   *
   * @throws BusbarError MISSING_QUEUE, INVALID_CONFIGURATION, TRANSPORT_UNAVAILABLE
   */
  start(): Promise<void> {
    const { clock } = this.#host;
    this.#state = 'starting';
    this.#patience = clock.setTimer(
      () => this.#failStart(this.#late()),
      this.#settings.startWithinMs,
      true,
    );
    this.#stopListening = this.#link.listen({
      up: () => {
        this.#retry.cancel();
        this.poke();
      },
    });
    return this.#started.promise;
  }

  /** Something may have changed. Cheap, and never throws. */
  poke(): void {
    if (this.#working === undefined && this.#nextStep() !== undefined) this.#working = this.#work();
  }

  /** The full appetite has changed: the consumer is replaced at the next good moment, or after a while. */
  resized(): void {
    this.poke();
    this.#impatience ??= this.#host.clock.setTimer(() => {
      this.#impatience = undefined;
      const differs = this.prefetch > 1 && this.prefetch !== this.#owner.appetite();
      this.#consumers.impatient = differs;
      this.poke();
    }, impatientMs);
  }

  /** Takes nothing more. In an ordered queue the consumer stays until the close, or another would begin beside us. */
  end(): Promise<void> {
    this.#failStart(stoppedBefore(this.#settings.queue));
    this.#turnOff();
    this.#ending ??= this.#end();
    return this.#ending;
  }

  /** Before {@link Consumption.close}, when everything was settled. */
  async flush(): Promise<void> {
    const { queue, nextTag } = this.#settings;
    await this.#channel?.flush(queue, nextTag());
  }

  /** Resolves with whether the broker has seen all that was settled. What is held goes back. */
  async close(): Promise<boolean> {
    const channel = this.#channel;
    this.#forget();
    return channel === undefined ? false : channel.close();
  }

  /** All that is held goes back, and comes again in its order. */
  giveUp(reason: string): void {
    const channel = this.#channel;
    if (channel === undefined) return;
    this.#forget();
    this.#owner.lost(channel, reason);
    void channel.close();
    this.poke();
  }

  arrived(message: ConsumeMessage, channel: ConsumerChannel): void {
    // What a channel that was given up still brings goes back with it.
    if (channel === this.#channel) this.#owner.arrived(message, channel);
  }

  cancelled(channel: ConsumerChannel): void {
    if (channel !== this.#channel) return;
    const { queue } = this.#settings;
    this.#host.logger.warn({ queue }, 'RabbitMQ has cancelled a consumer; it is made again');
    this.#lose(channel, consumerCancelled, consumerCancelled);
    void channel.close();
  }

  closed(channel: ConsumerChannel, reason: Error | undefined): void {
    if (channel !== this.#channel) return;
    const { queue } = this.#settings;
    if (reason !== undefined) {
      this.#host.logger.warn({ queue, err: reason }, 'RabbitMQ has closed a channel');
    }
    if (this.#host.clock.monotonic() - this.#channelSince > soundMs) this.#retry.reset();
    this.#lose(channel, 'the connection to RabbitMQ was lost', reason?.message ?? channelClosed);
  }

  #lose(channel: ConsumerChannel, reason: string, problem: string): void {
    this.#forget();
    // Before anybody can ask for more; a step that is being taken fails over it by itself.
    if (this.#working === undefined) this.#interrupted(problem);
    this.#owner.lost(channel, reason);
  }

  async #end(): Promise<void> {
    await this.#working;
    const channel = this.#channel;
    if (this.#settings.ordered || channel === undefined) return;
    try {
      await this.#consumers.cancel(channel);
    } catch {
      // It has ended with its channel.
    }
  }

  async #work(): Promise<void> {
    for (let step = this.#nextStep(); step !== undefined; step = this.#nextStep()) {
      try {
        await step();
      } catch (error) {
        this.#failed(asError(error));
      }
    }
    this.#working = undefined;
  }

  #nextStep(): Step | undefined {
    if (this.#state === 'ended' || this.#retry.waiting || this.#link.session === undefined) {
      return undefined;
    }
    const appetite = this.#owner.appetite();
    if (appetite === 0 && this.prefetch === 0) return this.#still ? undefined : this.#fallStill;
    const channel = this.#channel;
    if (channel === undefined) return this.#openChannel;
    const step = this.#consumers.nextStep(channel, appetite);
    return step === undefined ? undefined : () => this.#taken(channel, step);
  }

  readonly #openChannel: Step = async () => {
    const { session } = this.#link;
    if (session === undefined) return;
    const channel = await ConsumerChannel.open(session, this);
    if (this.#state === 'ended') {
      void channel.close();
      return;
    }
    if (!channel.open) throw new Error(channelClosed);
    this.#channel = channel;
    this.#channelSince = this.#host.clock.monotonic();
  };

  readonly #fallStill: Step = () => {
    this.#still = true;
    this.#owner.nothingComes();
    return Promise.resolve();
  };

  async #taken(channel: ConsumerChannel, step: Step): Promise<void> {
    this.#still = false;
    await step();
    if (channel !== this.#channel) throw new Error(channelClosed);
    if (this.prefetch === 0) return;
    this.#refused = false;
    this.#problem = undefined;
    if (this.#state !== 'starting') return;
    this.#state = 'on';
    this.#patience?.cancel();
    this.#started.resolve();
  }

  #failed(error: Error): void {
    const refusal = consumeRefusal(this.#settings.queue, error);
    if (refusal === undefined) {
      this.#interrupted(error.message);
      return;
    }
    this.#failStart(refusal);
    if (this.#state === 'ended') return;
    this.#problem = refusal.code === 'MISSING_QUEUE' ? 'the queue was removed' : refusal.message;
    if (!this.#refused) this.#settings.refused(refusal);
    this.#refused = true;
    this.#retry.begin(() => this.poke(), refusedRetryMs);
  }

  #interrupted(why: string): void {
    if (this.#state === 'ended') return;
    this.#problem = `Receiving was interrupted: ${why}.`;
    this.#retry.begin(() => this.poke());
  }

  #late(): BusbarError {
    const { queue, startWithinMs } = this.#settings;
    const why = this.#link.problem ?? this.#problem ?? 'The broker does not answer.';
    return new BusbarError(
      'TRANSPORT_UNAVAILABLE',
      `Receiving from "${queue}" could not begin within ${startWithinMs / 1_000} s: ${why}`,
      { details: { queue } },
    );
  }

  #failStart(error: BusbarError): void {
    if (this.#state !== 'starting') return;
    this.#turnOff();
    this.#started.reject(error);
    void this.close();
  }

  #turnOff(): void {
    this.#state = 'ended';
    this.#patience?.cancel();
    this.#impatience?.cancel();
    this.#retry.cancel();
    this.#stopListening();
  }

  #forget(): void {
    this.#channel = undefined;
    this.#consumers.forget();
  }
}

/** For a start that was interrupted. */
export function stoppedBefore(queue: string): BusbarError {
  return new BusbarError(
    'STOPPED',
    `The receiver of "${queue}" was stopped before it had started.`,
    { help: 'Start it again.' },
  );
}
