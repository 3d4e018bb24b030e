import { azureServiceBusTransport } from '@busbar/azure-service-bus';
import { consoleLogger, createEndpoint, handler } from '@busbar/core';
import { Latencies } from '../latencies.ts';
import { order } from '../order.ts';
import type { Scenario } from '../scenario.ts';
import { startServiceBus } from '../service-bus-server.ts';
import { PlaceOrder } from '../subjects/order-messages.ts';
import { ServiceBusTwin } from '../subjects/service-bus-twin.ts';

const everyMs = 1_000;
const atOnce = 16;
const queue = 'bench';

export const scenario: Scenario = {
  name: 'servicebus-latency',
  title: 'Azure Service Bus, emulated: from send to handler, one command a second',
  messages: 15,
  warmUp: 20,
  compares: 'latency',
  targets: [{ twin: 'twin', mostP50DifferenceMs: 5 }],
  subjects: {
    async twin() {
      const server = await startServiceBus([queue]);
      const { connectionString } = server;
      const latencies = new Latencies(everyMs);
      const twin = new ServiceBusTwin({
        connectionString,
        queue,
        eventQueue: queue,
        atOnce,
        handle: async ({ id, sentAt }) => latencies.handled(id, sentAt),
      });
      return latencies.workload(
        (id, sentAt) => twin.send('Bench.PlaceOrder', order(id, sentAt)),
        async () => {
          await twin.close();
          await server.stop();
        },
      );
    },
    async busbar() {
      const server = await startServiceBus([queue, 'error']);
      const { connectionString } = server;
      const latencies = new Latencies(everyMs);
      const endpoint = createEndpoint(queue, {
        transport: azureServiceBusTransport({ connectionString }),
        handlers: [handler(PlaceOrder, async ({ id, sentAt }) => latencies.handled(id, sentAt))],
        concurrency: atOnce,
        provision: false,
        logger: consoleLogger({ level: 'warn' }),
      });
      await endpoint.start();
      return latencies.workload(
        (id, sentAt) => endpoint.sendLocal(new PlaceOrder(order(id, sentAt))),
        async () => {
          await endpoint.stop();
          await server.stop();
        },
      );
    },
  },
};
