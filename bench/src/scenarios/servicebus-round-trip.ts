import { azureServiceBusTransport } from '@busbar/azure-service-bus';
import { consoleLogger, createEndpoint, handler } from '@busbar/core';
import { Gate } from '../gate.ts';
import { order } from '../order.ts';
import type { Scenario } from '../scenario.ts';
import { startServiceBus } from '../service-bus-server.ts';
import { handledWorkload } from '../subjects/handled-workload.ts';
import { OrderPlaced, PlaceOrder } from '../subjects/order-messages.ts';
import { ServiceBusTwin } from '../subjects/service-bus-twin.ts';

const atOnce = 64;
const fillAtOnce = 256;
const queue = 'bench';
/** A command is answered with another to a queue that nobody receives from, so that both sides store one message each. */
const eventQueue = 'bench.events';

export const scenario: Scenario = {
  name: 'servicebus-round-trip',
  title: `Azure Service Bus, emulated: handle a command, send a message, confirmed, and complete; ${atOnce} at once`,
  messages: 5_000,
  targets: [{ twin: 'twin', mostCpu: 1.25, leastSpeed: 0.85 }],
  subjects: {
    async twin() {
      const server = await startServiceBus([queue, eventQueue]);
      const gate = new Gate(fillAtOnce);
      const { connectionString } = server;
      const twin = new ServiceBusTwin({
        connectionString,
        queue,
        eventQueue,
        atOnce,
        async handle({ id, sentAt }, native) {
          await gate.opened;
          await twin.publish('Bench.OrderPlaced', order(id, sentAt), native);
          gate.ended(id);
        },
      });
      return gate.workload(
        (id) => twin.send('Bench.PlaceOrder', order(id)),
        async () => {
          await twin.close();
          await server.stop();
        },
      );
    },
    async busbar() {
      const server = await startServiceBus([queue, eventQueue, 'error']);
      const { connectionString } = server;
      const gate = new Gate(fillAtOnce);
      const endpoint = createEndpoint(queue, {
        transport: azureServiceBusTransport({ connectionString }),
        handlers: [
          handler(PlaceOrder, async ({ id, sentAt }, context) => {
            await gate.opened;
            await context.send(new PlaceOrder(order(id, sentAt)), { destination: eventQueue });
            gate.ended(id);
          }),
        ],
        messages: [OrderPlaced],
        concurrency: atOnce,
        provision: false,
        logger: consoleLogger({ level: 'warn' }),
      });
      await endpoint.start();
      return handledWorkload(gate, endpoint, () => server.stop());
    },
  },
};
