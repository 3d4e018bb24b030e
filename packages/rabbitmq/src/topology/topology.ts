import {
  BusbarError,
  type QueueDestination,
  type TopicDestination,
  type TransportHost,
} from '@busbar/core';
import { isReply } from '../connection/amqp-error.ts';
import type { SideChannel } from '../connection/side-channel.ts';
import type { RabbitMqSettings } from '../rabbitmq-options.ts';
import { type Binding, Declarations } from './declarations.ts';
import { DelayLadder, type DelayTarget, delayTarget } from './delay-ladder.ts';
import { checkQueueName, checkTopicName, deliveryExchange, queueWord, topicWord } from './names.ts';
import { Once } from './once.ts';
import { brokerText, toBusbarError } from './refusal.ts';

/**
 * The exchanges and bindings that publishing needs, made or looked for once, before their first use. All of it happens on
 * the side channel: what the broker refuses must disturb no message.
 *
 * Everything that is made sure of rejects with a BusbarError: TRANSPORT_UNAVAILABLE when trying again may help; any other
 * says why a message to there can never be delivered.
 */
export class Topology {
  readonly side: SideChannel;
  readonly settings: RabbitMqSettings;
  readonly host: TransportHost;
  readonly declarations: Declarations;
  readonly #ladder: DelayLadder;
  readonly #ladderMade = new Once<true>();
  readonly #chains = new Once<string>();
  readonly #delayedQueues = new Once<string>();
  readonly #delayedTopics = new Once<string>();

  constructor(side: SideChannel, settings: RabbitMqSettings, host: TransportHost) {
    this.side = side;
    this.settings = settings;
    this.host = host;
    this.declarations = new Declarations(side, host.logger);
    this.#ladder = new DelayLadder(side, this.declarations, settings.delayPrefix);
  }

  /** The exchange to publish to, if it was made sure of. */
  readyExchange(topics: readonly string[]): string | undefined {
    return this.#chains.result(chainKey(topics));
  }

  /** The exchange of the most derived topic, with each one bound to the next; what is published to it goes to all. */
  ensureExchange(topics: readonly string[]): Promise<string> {
    return this.#chains.do(chainKey(topics), () => this.#makeChain(topics));
  }

  /** The word for {@link delayTarget}, if it was made sure of. */
  readyDelay(destination: QueueDestination | TopicDestination): string | undefined {
    return destination.kind === 'queue'
      ? this.#delayedQueues.result(destination.queue)
      : this.#delayedTopics.result(chainKey(destination.topics));
  }

  /** Makes sure that what leaves the delay queues arrives. */
  ensureDelay(destination: QueueDestination | TopicDestination): Promise<string> {
    return destination.kind === 'queue'
      ? this.ensureDelayBinding(destination.queue)
      : this.ensureDelayTopic(destination.topics);
  }

  ensureDelayBinding(queue: string): Promise<string> {
    return this.#delayedQueues.do(queue, async () => {
      checkQueueName(queue, this.settings.delayPrefix);
      const word = queueWord(queue);
      await this.#bindDelay('queue', queue, word);
      return word;
    });
  }

  ensureDelayTopic(topics: readonly string[]): Promise<string> {
    return this.#delayedTopics.do(chainKey(topics), async () => {
      const exchange = await this.ensureExchange(topics);
      const word = topicWord(exchange);
      await this.#bindDelay('exchange', exchange, word);
      return word;
    });
  }

  /** @param seconds From 1 to 2^28 - 1. */
  delayTarget(word: string, seconds: number): DelayTarget {
    return delayTarget(this.settings.delayPrefix, word, seconds);
  }

  /** Makes the delay queues, unless that was done before. */
  async ensureLadder(): Promise<void> {
    await this.#ladderMade.do('', async () => {
      await this.#ladder.make();
      return true;
    });
  }

  /**
   * For when something turned out to be gone, and for the end of a session, during which others may have changed
   * everything: it is all made sure of again before its next use.
   */
  forget(): void {
    this.#ladderMade.forget();
    this.#chains.forget();
    this.#delayedQueues.forget();
    this.#delayedTopics.forget();
  }

  /** Makes the exchange of one topic. */
  async ensureTopic(topic: string): Promise<void> {
    checkTopicName(topic, this.settings.delayPrefix);
    await this.fanout(topic);
  }

  /** A fanout exchange; one that is there already is used as it is. */
  async fanout(name: string): Promise<void> {
    const declared = await this.declarations.exchange({ name, type: 'fanout' });
    if (declared.outcome === 'differs') {
      const text = `The exchange "${name}" is used as it is: ${brokerText(declared.error)}`;
      this.declarations.warnOnce(`exchange ${name}`, text);
    }
    if (declared.outcome === 'missing') {
      throw new BusbarError(
        'INVALID_CONFIGURATION',
        `The exchange "${name}" does not exist, and the user may not make it.`,
        {
          help: `Let the user configure "${name}", or make it beforehand as a durable fanout exchange.`,
          details: { exchange: name },
        },
      );
    }
  }

  async #makeChain(topics: readonly string[]): Promise<string> {
    const [first] = topics;
    if (first === undefined) throw new BusbarError('INVALID_CONFIGURATION', 'There is no topic.');
    for (const topic of topics) await this.ensureTopic(topic);
    for (const [index, topic] of topics.entries()) {
      const derived = topics[index - 1];
      if (derived === undefined) continue;
      await this.#bind({ kind: 'exchange', to: topic, from: derived, key: '' });
    }
    return first;
  }

  async #bindDelay(kind: Binding['kind'], to: string, word: string): Promise<void> {
    const from = deliveryExchange(this.settings.delayPrefix);
    const binding: Binding = { kind, to, from, key: `#.${word}` };
    await this.ensureLadder();
    try {
      await this.#bind(binding);
    } catch (error) {
      if (!brokerText((error as Error).cause).includes(`'${from}'`)) throw error;
      // Somebody removed the delay queues after we had made sure of them.
      this.forget();
      await this.ensureLadder();
      await this.#bind(binding);
    }
  }

  async #bind(binding: Binding): Promise<void> {
    try {
      await this.declarations.bind(binding);
    } catch (error) {
      const { kind, to, from } = binding;
      if (!isReply(error, 'notFound')) {
        throw toBusbarError(error, `binding the ${kind} "${to}" to the exchange "${from}"`);
      }
      throw new BusbarError(
        'UNDELIVERABLE',
        `RabbitMQ cannot deliver to "${to}": ${brokerText(error)}.`,
        { details: { [kind]: to }, cause: error },
      );
    }
  }
}

/** Names have no line breaks. */
function chainKey(topics: readonly string[]): string {
  return topics.length === 1 ? (topics[0] as string) : topics.join('\n');
}
