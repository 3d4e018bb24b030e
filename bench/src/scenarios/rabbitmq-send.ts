import { eachId } from '../in-flight.ts';
import { order } from '../order.ts';
import { drain, namesFor, onRabbitMq, queueTypes } from '../rabbitmq-broker.ts';
import type { Scenario, Workload } from '../scenario.ts';
import { AmqpTwin } from '../subjects/amqp-twin.ts';
import { PlaceOrder } from '../subjects/order-messages.ts';
import { rabbitMqEndpoint } from '../subjects/rabbitmq-endpoint.ts';

/** The window of unconfirmed messages that Busbar's publisher has. */
const atOnce = 1_024;

function workload(
  queue: string,
  send: (id: number) => Promise<void>,
  close: () => Promise<void>,
): Workload {
  return {
    run: (ledger) =>
      eachId(ledger, atOnce, async (id) => {
        ledger.started(id);
        await send(id);
        ledger.ended(id);
      }),
    arrived: () => drain(queue),
    close,
  };
}

export const scenarios = queueTypes.map((queueType): Scenario => {
  const twin =
    (busbarHeaders: boolean): Scenario['subjects'][string] =>
    async (setting) => {
      const names = namesFor(setting);
      const opened = await AmqpTwin.open({ names, queueType, atOnce, busbarHeaders });
      return workload(
        names.queue,
        (id) => opened.send('Bench.PlaceOrder', order(id)),
        () => opened.close(),
      );
    };
  return {
    ...onRabbitMq,
    name: `rabbitmq-send-${queueType}`,
    title: `RabbitMQ, a ${queueType} queue: send a command and wait for the confirm, ${atOnce} at once`,
    messages: 30_000,
    subjects: {
      twin: twin(false),
      'twin+headers': twin(true),
      async busbar(setting) {
        const names = namesFor(setting);
        const sender = await rabbitMqEndpoint(names, queueType, atOnce, [], { sendOnly: true });
        await sender.start();
        return workload(
          names.queue,
          (id) => sender.send(new PlaceOrder(order(id)), { destination: names.queue }),
          () => sender.stop(),
        );
      },
    },
  };
});
