import { Buffer } from 'node:buffer';
import { type Headers, type Transport, pause, systemClock } from '@busbar/core';
import { type RabbitMqTransportOptions, rabbitMqTransport } from '@busbar/rabbitmq';
import { type ConfirmChannel, connect } from 'amqplib';
import type { Broker } from '../../support/rabbitmq/broker.ts';
import { createVirtualHost } from '../../support/rabbitmq/virtual-host.ts';
import { amqpCases, nativeOf } from './amqp-cases.ts';
import { composed, propertyBytes, publishOptions } from './amqp-message.ts';
import { AmqpSocket, type RawMessage } from './amqp-socket.ts';
import type { BadInputBroker, BadInputTarget } from './bad-input-target.ts';
import { smallLimitBytes } from './bodies.ts';
import { intakeQueue } from './intake.ts';
import type { InputCase } from './input-case.ts';
import { connectForeign, dispatch } from './transports.ts';
import { wireCases } from './wire-cases.ts';

export type QueueType = NonNullable<RabbitMqTransportOptions['queueType']>;

/** Where the policy of a quorum queue has the broker put what it takes out of it. */
const deadLetters = 'busbar.undeliverable';

/** AMQP has texts in UTF-8 alone, and the client assigns to `__proto__`. */
function asAmqp(headers: Headers): Headers {
  return Object.fromEntries(
    Object.entries(headers)
      .filter(([name]) => name !== '__proto__')
      .map(([name, value]) => [name.toWellFormed(), value.toWellFormed()]),
  );
}

/** Messages of endpoints whose limits are higher. */
export function rabbitMq(broker: Broker, queueType: QueueType): BadInputTarget {
  return {
    name: `rabbitmq ${broker.version}, ${queueType} queues`,
    keepsOrder: true,
    cases: wireCases().map((one) => ({ ...one, readable: asAmqp })),
    open: async () => {
      const host = await createVirtualHost(broker);
      const options = optionsFor(broker, host.url, queueType);
      const foreign = await connectForeign(rabbitMqTransport(options));
      return {
        transport: rabbitMqTransport({ ...options, maxBodyBytes: smallLimitBytes }),
        put: (queue, cases) => dispatch(foreign, queue, cases),
        close: async () => {
          await foreign.close();
          await host.close();
        },
      };
    },
  };
}

/** Messages of other clients, and of what is none. */
export function foreignRabbitMq(broker: Broker, queueType: QueueType): BadInputTarget {
  // Classic queues have no policy, and without the management interface nobody has: the broker drops what is over then.
  const keepsExpired = queueType === 'quorum' && broker.managementUrl !== undefined;
  return {
    name: `rabbitmq ${broker.version}, ${queueType} queues, past the transport`,
    keepsOrder: false,
    cases: amqpCases(keepsExpired),
    open: async (): Promise<BadInputBroker> => {
      const host = await createVirtualHost(broker);
      const options = optionsFor(broker, host.url, queueType);
      const connection = await connect(host.url);
      const channel = await connection.createConfirmChannel();
      const socket = await AmqpSocket.open(host.url);
      if (keepsExpired) await makeKeptQueue(rabbitMqTransport(options), channel);
      return {
        transport: rabbitMqTransport({ ...options, maxBodyBytes: smallLimitBytes }),
        put: async (queue, cases) => {
          await put(channel, socket, queue, cases);
          // AMQP has no ids of its own.
          return [];
        },
        ...(keepsExpired && { deadLetters }),
        close: async () => {
          await socket[Symbol.asyncDispose]();
          await connection.close();
          await host.close();
        },
      };
    },
  };
}

/** Makes the queue, and waits until its policy has come into force: what is over before that is dropped. */
async function makeKeptQueue(transport: Transport, channel: ConfirmChannel): Promise<void> {
  const connection = await connectForeign(transport);
  await connection.queues.provision([{ name: intakeQueue }]);
  await connection.close();
  do {
    channel.sendToQueue(intakeQueue, Buffer.alloc(0), { expiration: '0' });
    await channel.waitForConfirms();
    await pause(systemClock, 50);
  } while ((await channel.get(deadLetters, { noAck: true })) === false);
}

function optionsFor(broker: Broker, url: string, queueType: QueueType): RabbitMqTransportOptions {
  const { managementUrl } = broker;
  return { url, queueType, ...(managementUrl !== undefined && { management: managementUrl }) };
}

/** Through both clients at once, each in order. */
async function put(
  channel: ConfirmChannel,
  socket: AmqpSocket,
  queue: string,
  cases: readonly InputCase[],
): Promise<void> {
  const raw: RawMessage[] = [];
  for (const input of cases) {
    const message = composed(input.headers, nativeOf(input));
    const options = message.native.client === 'amqplib' ? publishOptions(message) : undefined;
    if (options !== undefined) channel.sendToQueue(queue, Buffer.from(input.body), options);
    else raw.push({ routingKey: queue, properties: propertyBytes(message), body: input.body });
  }
  await Promise.all([channel.waitForConfirms(), socket.publish(raw)]);
}
