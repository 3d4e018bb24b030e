import { handler } from '@busbar/core';
import { Gate } from '../gate.ts';
import { order } from '../order.ts';
import { declareEvents, drain, namesFor, onRabbitMq, queueTypes } from '../rabbitmq-broker.ts';
import type { Scenario } from '../scenario.ts';
import { AmqpTwin } from '../subjects/amqp-twin.ts';
import { handledWorkload } from '../subjects/handled-workload.ts';
import { OrderPlaced, PlaceOrder } from '../subjects/order-messages.ts';
import { rabbitMqEndpoint } from '../subjects/rabbitmq-endpoint.ts';

const atOnce = 64;
const fillAtOnce = 256;

// A queue gets the events and nobody receives from it: what is in it afterwards shows that each was stored.
export const scenarios = queueTypes.map((queueType): Scenario => {
  const twin =
    (busbarHeaders: boolean): Scenario['subjects'][string] =>
    async (setting) => {
      const names = namesFor(setting);
      await declareEvents(names, queueType);
      const gate = new Gate(fillAtOnce);
      const opened = await AmqpTwin.open({
        names,
        queueType,
        atOnce,
        busbarHeaders,
        async handle({ id, sentAt }, properties) {
          await gate.opened;
          await opened.publish('Bench.OrderPlaced', order(id, sentAt), properties);
          gate.ended(id);
        },
      });
      return {
        ...gate.workload(
          (id) => opened.send('Bench.PlaceOrder', order(id)),
          () => opened.close(),
        ),
        arrived: () => drain(names.eventQueue),
      };
    };
  return {
    ...onRabbitMq,
    name: `rabbitmq-round-trip-${queueType}`,
    title: `RabbitMQ, a ${queueType} queue: handle a command, publish an event, confirmed, and acknowledge; ${atOnce} at once`,
    messages: 15_000,
    targets: [{ twin: 'twin+headers', mostCpu: 1.25, leastSpeed: 0.85 }],
    subjects: {
      twin: twin(false),
      'twin+headers': twin(true),
      async busbar(setting) {
        const names = namesFor(setting);
        await declareEvents(names, queueType);
        const gate = new Gate(fillAtOnce);
        const endpoint = await rabbitMqEndpoint(names, queueType, atOnce, [
          handler(PlaceOrder, async ({ id, sentAt }, context) => {
            await gate.opened;
            await context.publish(new OrderPlaced(order(id, sentAt)));
            gate.ended(id);
          }),
        ]);
        await endpoint.start();
        return {
          ...handledWorkload(gate, endpoint, () => Promise.resolve()),
          arrived: () => drain(names.eventQueue),
        };
      },
    },
  };
});
