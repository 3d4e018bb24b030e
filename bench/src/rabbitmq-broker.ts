import { basename } from 'node:path';
import { type Channel, type ChannelModel, type ConsumeMessage, connect } from 'amqplib';
import type { Order } from './order.ts';
import type { Scenario, Setting } from './scenario.ts';

export type QueueType = 'quorum' | 'classic';

export const queueTypes: readonly QueueType[] = ['quorum', 'classic'];

/** The broker that is measured against. */
export const brokerUrl = process.env['BUSBAR_TEST_AMQP_URL'] ?? 'amqp://localhost';

/** Of a machine that has much else to do. */
const connectMs = 30_000;
/** After so long without a message a queue that is emptied is empty, whatever the broker said it has. */
const silenceMs = 3_000;

let problem: Promise<string | undefined> | undefined;

/** Why there is nothing to measure, and how to get it; asked of the broker once. */
export function brokerProblem(): Promise<string | undefined> {
  problem ??= look();
  return problem;
}

async function look(): Promise<string | undefined> {
  try {
    const connection = await connect(brokerUrl, { timeout: connectMs });
    await connection.close();
    return undefined;
  } catch (error) {
    const { host } = new URL(brokerUrl);
    const why = error instanceof Error ? error.message || error.name : String(error);
    return (
      `No RabbitMQ at ${host} (${why}): name one in BUSBAR_TEST_AMQP_URL, ` +
      'or start one with "docker run --rm -p 5672:5672 rabbitmq:4", ' +
      'or where it is installed with startPrivateNode() of test/support/rabbitmq.'
    );
  }
}

/** Names of one measurement's own, made from its directory, so that none meets what another one has left. */
export interface BrokerNames {
  /** The endpoint's and the twin's queue. */
  readonly queue: string;
  readonly errorQueue: string;
  /** The topic, and so the exchange, of the event. */
  readonly topic: string;
  /** A queue that gets the events, and that nobody receives from. */
  readonly eventQueue: string;
}

export function namesFor({ directory }: Setting): BrokerNames {
  const queue = `busbar-bench.${basename(directory)}`;
  return {
    queue,
    errorQueue: `${queue}.error`,
    topic: `${queue}.Bench.OrderPlaced`,
    eventQueue: `${queue}.events`,
  };
}

/** Does something past the transport, on a connection of its own. */
export async function onBroker<T>(work: (channel: Channel) => Promise<T>): Promise<T> {
  const connection: ChannelModel = await connect(brokerUrl, { timeout: connectMs });
  try {
    const channel = await connection.createChannel();
    const result = await work(channel);
    await channel.close();
    return result;
  } finally {
    await connection.close();
  }
}

/** Makes a durable queue. */
export async function declareQueue(name: string, type: QueueType): Promise<void> {
  await onBroker((channel) => assertQueue(channel, name, type));
}

/** Makes an exchange that copies to all its queues, and a queue behind it. */
export async function declareEvents(names: BrokerNames, type: QueueType): Promise<void> {
  await onBroker(async (channel) => {
    await assertQueue(channel, names.eventQueue, type);
    await channel.assertExchange(names.topic, 'fanout', { durable: true });
    await channel.bindQueue(names.eventQueue, names.topic, '');
  });
}

export async function assertQueue(channel: Channel, name: string, type: QueueType): Promise<void> {
  await channel.assertQueue(name, { durable: true, arguments: { 'x-queue-type': type } });
}

/** Empties a queue and gives the ids of the orders that were in it. */
export async function drain(queue: string): Promise<readonly number[]> {
  return onBroker(async (channel) => {
    const ids: number[] = [];
    const { messageCount } = await channel.checkQueue(queue);
    if (messageCount === 0) return ids;
    const empty = Promise.withResolvers<void>();
    const timer = setTimeout(empty.resolve, silenceMs);
    const take = (message: ConsumeMessage | null): void => {
      if (message !== null) ids.push((JSON.parse(message.content.toString()) as Order).id);
      timer.refresh();
      if (ids.length === messageCount) empty.resolve();
    };
    await channel.consume(queue, take, { noAck: true });
    await empty.promise;
    clearTimeout(timer);
    return ids;
  });
}

/** What every scenario on RabbitMQ has: it needs a broker, and leaves nothing there. */
export const onRabbitMq = {
  problem: brokerProblem,
  cleanUp: (setting) =>
    onBroker(async (channel) => {
      const { queue, errorQueue, topic, eventQueue } = namesFor(setting);
      for (const name of [queue, errorQueue, eventQueue]) await channel.deleteQueue(name);
      await channel.deleteExchange(topic);
    }),
} satisfies Pick<Scenario, 'problem' | 'cleanUp'>;
