import { BusbarError, type Subscriptions } from '@busbar/core';
import { isReply } from '../connection/amqp-error.ts';
import type { ManagementApi } from './management-api.ts';
import { checkQueueName, checkTopicName, endpointExchange } from './names.ts';
import { brokerText, toBusbarError } from './refusal.ts';
import type { Topology } from './topology.ts';

/** Topics are bound to an exchange of the queue's own, and that to the queue: one copy, however many of them match. */
export class RabbitMqSubscriptions implements Subscriptions {
  readonly #topology: Topology;
  readonly #management: ManagementApi;

  constructor(topology: Topology, management: ManagementApi) {
    this.#topology = topology;
    this.#management = management;
  }

  async subscribe(queue: string, topics: readonly string[]): Promise<void> {
    const { settings } = this.#topology;
    checkQueueName(queue, settings.delayPrefix);
    for (const topic of topics) checkTopicName(topic, settings.delayPrefix);
    const exchange = endpointExchange(queue);
    await this.#topology.fanout(exchange);
    await this.#run(queue, `subscribing "${queue}"`, (channel) =>
      channel.bindQueue(queue, exchange, ''),
    );
    for (const topic of new Set(topics)) {
      await this.#topology.ensureTopic(topic);
      await this.#run(queue, `subscribing "${queue}" to "${topic}"`, (channel) =>
        channel.bindExchange(exchange, topic, ''),
      );
    }
  }

  async unsubscribe(queue: string, topics: readonly string[]): Promise<void> {
    const exchange = endpointExchange(queue);
    for (const topic of new Set(topics)) {
      // The broker does not mind when the exchange or the binding is not there.
      await this.#run(queue, `unsubscribing "${queue}" from "${topic}"`, (channel) =>
        channel.unbindExchange(exchange, topic, ''),
      );
    }
  }

  /** Undefined without the management interface: AMQP cannot tell. */
  async list(queue: string): Promise<readonly string[] | undefined> {
    const exchange = encodeURIComponent(endpointExchange(queue));
    const answer = await this.#management.get(
      `/exchanges/${this.#management.vhost}/${exchange}/bindings/destination`,
    );
    if (answer.outcome === 'unavailable') return undefined;
    if (answer.outcome === 'missing') return [];
    const bindings = answer.value as readonly { readonly source: string }[];
    return [...new Set(bindings.map(({ source }) => source))].toSorted();
  }

  async #run(
    queue: string,
    what: string,
    work: Parameters<Topology['side']['run']>[1],
  ): Promise<void> {
    try {
      await this.#topology.side.run(what, work);
    } catch (error) {
      const missing = isReply(error, 'notFound') && brokerText(error).startsWith('no queue');
      if (!missing) throw toBusbarError(error, what);
      throw new BusbarError('MISSING_QUEUE', `RabbitMQ has no queue "${queue}" to subscribe.`, {
        details: { queue },
        cause: error,
      });
    }
  }
}
