import { consoleLogger, createEndpoint, defaultTopology, handler } from '@busbar/core';
import { sqsTransport } from '@busbar/sqs';
import { Gate } from '../gate.ts';
import { order } from '../order.ts';
import type { Scenario } from '../scenario.ts';
import { drainSqs, makeQueues, startSqs } from '../sqs-service.ts';
import { handledWorkload } from '../subjects/handled-workload.ts';
import { OrderPlaced, PlaceOrder } from '../subjects/order-messages.ts';
import { SqsTwin } from '../subjects/sqs-twin.ts';

const atOnce = 64;
const fillAtOnce = 256;

// A queue gets the events and nobody receives from it: what is in it afterwards shows that each was stored.
export const scenario: Scenario = {
  name: 'sqs-round-trip',
  title: `SQS and SNS, emulated: handle a command, publish an event, confirmed, and delete; ${atOnce} at once`,
  messages: 4_000,
  targets: [{ twin: 'twin', mostCpu: 1.25, leastSpeed: 0.85 }],
  subjects: {
    async twin(setting) {
      const service = await startSqs();
      const names = await makeQueues(service, setting);
      const gate = new Gate(fillAtOnce);
      const twin: SqsTwin = new SqsTwin({
        service,
        names,
        atOnce,
        async handle({ id, sentAt }) {
          await gate.opened;
          await twin.publish(order(id, sentAt));
          gate.ended(id);
        },
      });
      const workload = gate.workload(
        (id) => twin.send(order(id)),
        async () => {
          await twin.close();
          await service.close();
        },
      );
      return { ...workload, arrived: () => drainSqs(service, names.eventQueueUrl) };
    },
    async busbar(setting) {
      const service = await startSqs();
      const names = await makeQueues(service, setting);
      const gate = new Gate(fillAtOnce);
      const endpoint = createEndpoint(names.queue, {
        transport: sqsTransport(service.client),
        handlers: [
          handler(PlaceOrder, async ({ id, sentAt }, context) => {
            await gate.opened;
            await context.publish(new OrderPlaced(order(id, sentAt)));
            gate.ended(id);
          }),
        ],
        concurrency: atOnce,
        provision: false,
        topology: { ...defaultTopology, topic: () => names.topic },
        logger: consoleLogger({ level: 'warn' }),
      });
      await endpoint.start();
      return {
        ...handledWorkload(gate, endpoint, () => service.close()),
        arrived: () => drainSqs(service, names.eventQueueUrl),
      };
    },
  },
};
