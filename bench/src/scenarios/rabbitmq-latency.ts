import { handler } from '@busbar/core';
import { Latencies } from '../latencies.ts';
import { order } from '../order.ts';
import { namesFor, onRabbitMq, queueTypes } from '../rabbitmq-broker.ts';
import type { Scenario } from '../scenario.ts';
import { AmqpTwin } from '../subjects/amqp-twin.ts';
import { PlaceOrder } from '../subjects/order-messages.ts';
import { rabbitMqEndpoint } from '../subjects/rabbitmq-endpoint.ts';

const everyMs = 5;
const atOnce = 16;

export const scenarios = queueTypes.map((queueType): Scenario => {
  const twin =
    (busbarHeaders: boolean): Scenario['subjects'][string] =>
    async (setting) => {
      const latencies = new Latencies(everyMs);
      const opened = await AmqpTwin.open({
        names: namesFor(setting),
        queueType,
        atOnce,
        busbarHeaders,
        handle: async ({ id, sentAt }) => latencies.handled(id, sentAt),
      });
      return latencies.workload(
        (id, sentAt) => opened.send('Bench.PlaceOrder', order(id, sentAt)),
        () => opened.close(),
      );
    };
  return {
    ...onRabbitMq,
    name: `rabbitmq-latency-${queueType}`,
    title: `RabbitMQ, a ${queueType} queue: from send to handler, one command every ${everyMs} ms`,
    messages: 500,
    warmUp: 4,
    compares: 'latency',
    targets: [{ twin: 'twin+headers', mostP50DifferenceMs: 0.3 }],
    subjects: {
      twin: twin(false),
      'twin+headers': twin(true),
      async busbar(setting) {
        const latencies = new Latencies(everyMs);
        const endpoint = await rabbitMqEndpoint(namesFor(setting), queueType, atOnce, [
          handler(PlaceOrder, async ({ id, sentAt }) => latencies.handled(id, sentAt)),
        ]);
        await endpoint.start();
        return latencies.workload(
          (id, sentAt) => endpoint.sendLocal(new PlaceOrder(order(id, sentAt))),
          () => endpoint.stop(),
        );
      },
    },
  };
});
