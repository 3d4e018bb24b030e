import { handler } from '@busbar/core';
import { Gate } from '../gate.ts';
import { order } from '../order.ts';
import { type QueueType, namesFor } from '../rabbitmq-broker.ts';
import type { Subject } from '../scenario.ts';
import { AmqpTwin } from './amqp-twin.ts';
import { PlaceOrder } from './order-messages.ts';
import { rabbitMqEndpoint } from './rabbitmq-endpoint.ts';

/** How many are sent at once to fill the queue. */
const fillAtOnce = 256;

/** Handles an order, once the gate is open; tells the gate when it is done. */
export type HandleBehindGate = (id: number) => Promise<void>;

/** Two twins and Busbar, each of which handles what lies in a queue. */
export function filledQueue(
  queueType: QueueType,
  atOnce: number,
  handling: (gate: Gate) => HandleBehindGate,
): Readonly<Record<string, Subject>> {
  const twin =
    (busbarHeaders: boolean): Subject =>
    async (setting) => {
      const gate = new Gate(fillAtOnce);
      const handle = handling(gate);
      const opened = await AmqpTwin.open({
        names: namesFor(setting),
        queueType,
        atOnce,
        busbarHeaders,
        handle: ({ id }) => handle(id),
      });
      return gate.workload(
        (id) => opened.send('Bench.PlaceOrder', order(id)),
        () => opened.close(),
      );
    };
  return {
    twin: twin(false),
    'twin+headers': twin(true),
    async busbar(setting) {
      const gate = new Gate(fillAtOnce);
      const handle = handling(gate);
      const endpoint = await rabbitMqEndpoint(namesFor(setting), queueType, atOnce, [
        handler(PlaceOrder, ({ id }) => handle(id)),
      ]);
      await endpoint.start();
      return gate.workload(
        (id) => endpoint.sendLocal(new PlaceOrder(order(id))),
        () => endpoint.stop(),
      );
    },
  };
}
