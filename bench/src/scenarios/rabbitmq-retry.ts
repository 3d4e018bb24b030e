import { onRabbitMq, queueTypes } from '../rabbitmq-broker.ts';
import type { Scenario } from '../scenario.ts';
import { filledQueue } from '../subjects/filled-queue.ts';

const atOnce = 64;

export const scenarios = queueTypes.map((queueType): Scenario => ({
  ...onRabbitMq,
  name: `rabbitmq-retry-${queueType}`,
  title: `RabbitMQ, a ${queueType} queue: the first attempt at each message fails, an immediate retry does not; ${atOnce} at once`,
  messages: 20_000,
  subjects: filledQueue(queueType, atOnce, (gate) => {
    const failed: boolean[] = [];
    return async (id) => {
      await gate.opened;
      if (failed[id] !== true) {
        failed[id] = true;
        throw new Error('The first attempt fails.');
      }
      gate.ended(id);
    };
  }),
}));
