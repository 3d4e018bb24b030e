import { consoleLogger, createEndpoint, handler } from '@busbar/core';
import { sqsTransport } from '@busbar/sqs';
import { Latencies } from '../latencies.ts';
import { order } from '../order.ts';
import type { Scenario } from '../scenario.ts';
import { makeQueues, startSqs } from '../sqs-service.ts';
import { PlaceOrder } from '../subjects/order-messages.ts';
import { SqsTwin } from '../subjects/sqs-twin.ts';

const everyMs = 1_000;
const atOnce = 16;

export const scenario: Scenario = {
  name: 'sqs-latency',
  title: 'SQS, emulated: from send to handler, one command a second',
  messages: 15,
  warmUp: 20,
  compares: 'latency',
  // The twin's batches wait their whole window for others, so what counts is the sum.
  targets: [{ twin: 'twin', mostP50DifferenceMs: 5 }],
  subjects: {
    async twin(setting) {
      const service = await startSqs();
      const latencies = new Latencies(everyMs);
      const twin = new SqsTwin({
        service,
        names: await makeQueues(service, setting),
        atOnce,
        handle: async ({ id, sentAt }) => latencies.handled(id, sentAt),
      });
      return latencies.workload(
        (id, sentAt) => twin.send(order(id, sentAt)),
        async () => {
          await twin.close();
          await service.close();
        },
      );
    },
    async busbar(setting) {
      const service = await startSqs();
      const { queue } = await makeQueues(service, setting);
      const latencies = new Latencies(everyMs);
      const endpoint = createEndpoint(queue, {
        transport: sqsTransport(service.client),
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
          await service.close();
        },
      );
    },
  },
};
